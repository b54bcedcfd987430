import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { DialectName } from '@sluice/core';
import { DIALECTS } from '@sluice/dialects';

const MODULES = fileURLToPath(new URL('../node_modules/', import.meta.url));
const PAGE = readFileSync(fileURLToPath(new URL('../../docs/dialects.md', import.meta.url)), 'utf8');

/** The fields of an interface of an official SDK, from its declarations. */
function fieldsOf(sdk: string, file: string, name: string): string[] {
  const text = readFileSync(`${MODULES}${sdk}/${file}`, 'utf8');
  const from = text.indexOf('{', text.indexOf(`interface ${name}`));
  let depth = 0;
  let to = from;
  do {
    if (text[to] === '{') depth++;
    if (text[to] === '}') depth--;
    to++;
  } while (depth > 0);
  return [...text.slice(from, to).matchAll(/^ {4}([a-z_]+)\??:/gm)].map(([, field]) => field as string);
}

/** What a table of the page says of each field: `said …`, `dropped …` or `refused …`. */
function tableOf(heading: string): Map<string, string> {
  const section = PAGE.split(`## ${heading}`)[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| (`.*?`) +\| (.*?) +\|$/gm)];
  return new Map(
    rows.flatMap(([, names = '', what = '']) =>
      [...names.matchAll(/`([a-z_]+)`/g)].map(([, name = '']) => [name, what] as const),
    ),
  );
}

const PAIRS = [
  {
    from: 'openai-chat',
    to: 'anthropic-messages',
    heading: "A request in OpenAI's dialect, to a provider that speaks Anthropic's",
    fields: fieldsOf('openai', 'resources/chat/completions/completions.d.ts', 'ChatCompletionCreateParamsBase'),
    // values for which the table's word holds
    values: { n: 2, logprobs: true, modalities: ['audio'], seed: 1, presence_penalty: 1, frequency_penalty: 1 },
    alone: ['top_logprobs'],
  },
  {
    from: 'anthropic-messages',
    to: 'openai-chat',
    heading: "A request in Anthropic's dialect, to a provider that speaks OpenAI's",
    fields: fieldsOf('@anthropic-ai/sdk', 'resources/messages/messages.d.ts', 'MessageCreateParamsBase'),
    values: { top_k: 5 },
    alone: [],
  },
] as const;

describe.each(PAIRS)('from $from to $to', ({ from, to, heading, fields, values, alone }) => {
  const table = tableOf(heading);
  const translate = (more: object) => {
    const request = { model: 'm', max_tokens: 10, messages: [{ role: 'user', content: 'x' }], ...more };
    const neutral = DIALECTS[from as DialectName].readRequest(request);
    return DIALECTS[to as DialectName].writeRequest(neutral, 'm', false);
  };
  const rows = [...table].filter(([field]) => !(alone as readonly string[]).includes(field));

  it('has every field of the SDK’s request in its table', () => {
    expect(fields.length).toBeGreaterThan(15);
    expect(fields.filter((field) => !table.has(field))).toEqual([]);
  });

  it.each(rows.filter(([, what]) => what.startsWith('dropped')))('%s is dropped with its name', (field) => {
    const value = (values as Record<string, unknown>)[field] ?? 'a wish';
    expect(translate({ [field]: value }).dropped).toEqual([field]);
  });

  it.each(rows.filter(([, what]) => what.startsWith('refused')))('%s is refused with its name', (field) => {
    const value = (values as Record<string, unknown>)[field] ?? { anything: 1 };
    expect(() => translate({ [field]: value })).toThrow(expect.objectContaining({ code: 'invalid_request', param: field }));
  });

  it('refuses what nobody knows', () => {
    expect(() => translate({ brand_new: 1 })).toThrow(expect.objectContaining({ param: 'brand_new' }));
  });
});
