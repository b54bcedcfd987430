import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { DialectName } from '@sluice/core';
import { fateOf } from './request-fields.ts';
import { requestFields } from './sdk-fields.ts';

const PAGE = readFileSync(fileURLToPath(new URL('../../../docs/dialects.md', import.meta.url)), 'utf8');

const HEADINGS = {
  'openai-chat': "A request in OpenAI's chat dialect",
  'openai-responses': "A request in OpenAI's Responses dialect",
  'anthropic-messages': "A request in Anthropic's dialect",
  gemini: "A request in Gemini's dialect",
} as const;

const COLUMNS: Readonly<Record<string, DialectName>> = {
  'to OpenAI chat': 'openai-chat',
  'to OpenAI Responses': 'openai-responses',
  'to Anthropic': 'anthropic-messages',
  'to Gemini': 'gemini',
  'to Bedrock': 'bedrock-converse',
};

interface Cell {
  readonly field: string;
  readonly to: DialectName;
  readonly fate: string;
}

/** Reads the fate of each field per provider from a table of the page. */
function tableOf(heading: string): Cell[] {
  const section = PAGE.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  const cellsOf = (row: string): string[] => row.split('|').map((cell) => cell.trim());
  const heads = cellsOf(rows[0] ?? '');
  return rows.slice(2).flatMap((row) => {
    const cells = cellsOf(row);
    const field = /`(\w+)`/.exec(cells[1] ?? '')?.[1] ?? '';
    return heads.flatMap((head, n) => {
      const to = COLUMNS[head];
      return to === undefined ? [] : [{ field, to, fate: cells[n] ?? '' }];
    });
  });
}

describe.each(Object.keys(HEADINGS) as (keyof typeof HEADINGS)[])('a request of %s', (from) => {
  const table = tableOf(HEADINGS[from]);
  const fields = requestFields(from);

  it("documents every field of the SDK's request in its table, and no other", () => {
    expect(fields.length).toBeGreaterThan(15);
    expect(new Set(table.map(({ field }) => field))).toEqual(new Set(fields));
    expect(table).toHaveLength(fields.length * 4);
  });

  it.each(table.map((cell) => [cell.field, cell.to, cell] as const))(
    'handles %s to %s as the table documents',
    (field, to, { fate }) => {
      const met = fateOf(from, to, field);
      expect(met.fate).toBe(fate);
      // a field that depends on another field may be refused because of that field
      const among = ['top_logprobs', 'logprobs', 'responseLogprobs'].includes(field)
        ? [field, 'logprobs', 'responseLogprobs']
        : [field];
      if (fate !== 'translated') expect(among).toContain(met.names[0]);
    },
  );

  it('drops an unknown field and reports its name', () => {
    expect(fateOf(from, 'bedrock-converse', 'brandNewField')).toEqual({ fate: 'dropped', names: ['brandNewField'] });
  });

  it.each([null, '', [], {}])('treats %j as an absent field', (value) => {
    for (const field of fields.filter((name) => !['model', 'messages', 'input', 'contents'].includes(name))) {
      for (const to of Object.values(COLUMNS)) expect(fateOf(from, to, field, value)).toEqual({ fate: 'translated', names: [] });
    }
  });
});
