import { describe, expect, it } from '@jest/globals';
import type { DialectName } from '@sluice/core';
import { DIALECTS, type JsonObject } from '@sluice/dialects';
import { shapeRequest } from '../shaping/shape-request.ts';
import { FAMILIES, profileOf } from './profile-of.ts';

const hi = [{ role: 'user', content: 'hi' }];
const tool = { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object', properties: {} } } };
const loop = [
  ...hi,
  {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'call:1', type: 'function', function: { name: 'f', arguments: '{}' } }],
  },
  { role: 'tool', tool_call_id: 'call:1', content: '42' },
];

/** Writes a chat completion for a model. */
function written(model: string, more: JsonObject, provider = 'own', dialect: DialectName = 'openai-chat') {
  const stream = more['stream'] === true;
  const read = DIALECTS['openai-chat'].readRequest({ model, messages: hi, ...more });
  const { request, shaping } = shapeRequest(read, profileOf({ provider, dialect, model }), stream);
  const { body, dropped } = DIALECTS[dialect].writeRequest(request, model, stream);
  return { body, dropped: [...shaping.dropped, ...dropped], stop: shaping.stop };
}

const claude = (model: string, more: JsonObject) => written(model, more, 'anthropic', 'anthropic-messages');
const gemini = (model: string, more: JsonObject) => written(model, more, 'google', 'gemini').body['generationConfig'];
const converse = (model: string, more: JsonObject) => written(model, more, 'bedrock', 'bedrock-converse');

/** A name of a model of each row, and another one that is like it. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'claude-3.5': ['claude-3-5-sonnet-20241022', 'anthropic.claude-3-haiku-20240307-v1:0', 'claude-2.1'],
  'claude-4': ['claude-3-7-sonnet-latest', 'claude-sonnet-4-20250514', 'claude-opus-4-0', 'claude-opus-4@20250514'],
  'claude-4.5': [
    'claude-sonnet-4-5',
    'claude-opus-4-1-20250805',
    'anthropic/claude-haiku-4.5',
    'us.anthropic.claude-opus-4-5-v1:0',
  ],
  'claude-4.6': ['claude-sonnet-4-6', 'claude-opus-4.6'],
  'claude-4.7 and later': ['claude-opus-4-7', 'claude-opus-4-10', 'claude-sonnet-5', 'claude-fable-5', 'claude-next'],
  'gemini-2.0': ['gemini-2.0-flash', 'gemini-1.5-pro', 'gemma-3-27b-it'],
  'gemini-2.5-pro': ['gemini-2.5-pro', 'google/gemini-2.5-pro'],
  'gemini-2.5-flash-lite': ['gemini-2.5-flash-lite'],
  'gemini-2.5-flash': ['gemini-2.5-flash', 'gemini-2.5-flash-image'],
  'gemini-3-pro': ['gemini-3-pro-preview'],
  'gemini-3-flash': ['gemini-3-flash-preview', 'gemini-3.7-flash', 'gemini-4-flash'],
  'gemini-3 and later': ['gemini-3.1-pro', 'gemini-next'],
  'gpt-oss': ['openai/gpt-oss-120b'],
  'gpt-4 and older': ['gpt-4o-mini', 'gpt-4.1', 'gpt-3.5-turbo', 'gpt-5-chat-latest', 'chatgpt-4o-latest'],
  'o-series': ['o3', 'o4-mini', 'openai/o1'],
  'gpt-5-pro': ['gpt-5-pro'],
  'gpt-5': ['gpt-5', 'gpt-5-mini', 'openai/gpt-5-nano', 'gpt-5-codex'],
  'gpt-5.1': ['gpt-5.1', 'gpt-5.1-codex'],
  'gpt-5.2 and later': ['gpt-5.2', 'gpt-5.4-mini', 'gpt-6'],
  'deepseek elsewhere': ['deepseek/deepseek-v3.2', 'DeepSeek-R1'],
  'kimi-k2': ['kimi-k2-turbo-preview', 'moonshot-v1-8k'],
  'kimi-k2.5 and later': ['kimi-k2.5', 'moonshotai/kimi-k2-thinking', 'kimi-k3'],
  qwen: ['qwen3.8', 'Qwen/Qwen3-32B', 'qwq-plus'],
  'grok without reasoning': ['grok-3', 'grok-2-1212', 'grok-4-1-fast-non-reasoning', 'grok-4.20-0309-non-reasoning'],
  'grok-3-mini': ['grok-3-mini-fast', 'x-ai/grok-3-mini'],
  'grok-4': [
    'grok-4',
    'grok-4-0709',
    'grok-4-fast-reasoning',
    'grok-4.20-reasoning',
    'grok-code-fast-1',
    'xai.grok-4-1-fast-reasoning',
  ],
  'grok-4.3': ['grok-4.3'],
  'grok-4.5 and later': ['grok-4.5', 'grok-4.7', 'grok-5', 'grok-latest'],
  'llama-3': ['llama-3.3-70b-versatile', 'meta-llama/Llama-3.1-8B-Instruct', 'llama3.1-8b'],
  mistral: ['mistral-large-latest', 'devstral-medium', 'mistralai/ministral-8b'],
};

describe('profileOf', () => {
  it.each(Object.entries(NAMES).flatMap(([row, names]) => names.map((name) => [name, row])))(
    'finds %s in the row %s',
    (name, row) => {
      const found = FAMILIES.find(({ providers, dialects, models }) => !providers && !dialects && models?.test(name));
      expect(found?.name).toBe(row);
    },
  );

  it('has a name for each row that a name alone decides', () => {
    const rows = FAMILIES.filter(({ providers, dialects }) => !providers && !dialects).map(({ name }) => name);
    expect(new Set(Object.keys(NAMES))).toEqual(new Set(rows));
  });

  it('lets the configuration override one member and keep the others', () => {
    const model = { provider: 'anthropic', dialect: 'anthropic-messages', model: 'claude-opus-4-7' } as const;
    const { sampling, reasoning } = profileOf(model, { sampling: { accepts: 'both' } });
    expect(sampling).toEqual({ accepts: 'both', topK: false, penalties: true });
    expect(reasoning).toEqual(profileOf(model).reasoning);
  });
});

describe('profile of Claude', () => {
  it('takes an effort as a budget up to 4.5, and as it is from 4.6 on', () => {
    const effort = { reasoning_effort: 'high', max_tokens: 20_000 };
    expect(claude('claude-sonnet-4-5', effort).body).toMatchObject({ thinking: { type: 'enabled', budget_tokens: 16_384 } });
    expect(claude('claude-sonnet-4-20250514', effort).body).toMatchObject({ thinking: { type: 'enabled' } });
    for (const model of ['claude-sonnet-4-6', 'claude-opus-4-7', 'claude-sonnet-5', 'claude-next']) {
      expect(claude(model, effort).body).toMatchObject({ thinking: { type: 'adaptive' }, output_config: { effort: 'high' } });
    }
    expect(claude('claude-3-5-haiku-latest', effort)).toMatchObject({ dropped: ['reasoning_effort'] });
  });

  it('requests reasoning with a budget if the caller gives none', () => {
    const { body } = claude('claude-haiku-4-5', { reasoning: { enabled: true }, max_tokens: 20_000 });
    expect(body).toMatchObject({ thinking: { type: 'enabled', budget_tokens: 8_192 } });
  });

  it('gets one sampling parameter up to 4.6, and none from 4.7 on', () => {
    const both = { temperature: 0.7, top_p: 0.9, top_k: 5 };
    expect(claude('claude-sonnet-4-20250514', both)).toMatchObject({ body: both, dropped: [] });
    expect(claude('claude-sonnet-4-5', both)).toMatchObject({ body: { temperature: 0.7, top_k: 5 }, dropped: ['top_p'] });
    const newest = claude('claude-opus-4-7', both);
    expect(newest.dropped).toEqual(['temperature', 'top_p', 'top_k']);
    for (const name of Object.keys(both)) expect(newest.body).not.toHaveProperty(name);
    expect(claude('claude-opus-4-7', { temperature: 1 }).dropped).toEqual([]);
    expect(claude('claude-haiku-4-5', { temperature: 1.5 })).toMatchObject({
      body: { temperature: 1 },
      dropped: ['temperature'],
    });
  });

  it('does not reason where a tool is forced, and keeps the effort of the answer', () => {
    const forced = { tools: [tool], tool_choice: 'required', reasoning_effort: 'low', max_tokens: 9_000 };
    const older = claude('claude-sonnet-4-5', forced);
    expect(older).toMatchObject({ body: { tool_choice: { type: 'any' } }, dropped: ['reasoning_effort'] });
    expect(older.body).not.toHaveProperty('thinking');
    const newer = claude('claude-opus-4-7', forced);
    expect(newer).toMatchObject({ body: { output_config: { effort: 'low' } }, dropped: ['reasoning_effort'] });
    expect(newer.body).not.toHaveProperty('thinking');
  });

  it('does not reason with a budget after a call that was made without', () => {
    const asked = { messages: loop, tools: [tool], reasoning_effort: 'low', max_tokens: 9_000 };
    const older = claude('claude-sonnet-4-5', asked);
    expect(older.dropped).toEqual(['reasoning_effort']);
    expect(older.body).not.toHaveProperty('thinking');
    expect(claude('claude-opus-4-7', asked)).toMatchObject({ body: { thinking: { type: 'adaptive' } }, dropped: [] });
  });

  it('gets closed schemas, and limits in descriptions', () => {
    const schema = {
      type: 'object',
      properties: {
        a: { type: 'integer', minimum: 1, description: 'A' },
        b: { type: 'array', items: { type: 'object' }, maxItems: 3 },
      },
    };
    const { body } = claude('claude-sonnet-4-5', {
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    });
    expect(body['output_config']).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: {
            a: { type: 'integer', description: 'A\n\n{minimum: 1}' },
            b: { type: 'array', items: { type: 'object', additionalProperties: false }, description: '{maxItems: 3}' },
          },
          additionalProperties: false,
        },
      },
    });
    const older = claude('claude-3-5-haiku-latest', {
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    });
    expect(older).toMatchObject({ dropped: ['response_format'] });
    expect(JSON.stringify(older.body['system'])).toContain('JSON schema');
  });

  it('gets no union at the top of a tool’s schema', () => {
    const parameters = {
      oneOf: [
        { properties: { a: { type: 'string' } }, required: ['a', 'c'] },
        { properties: { b: { type: 'string' } }, required: ['b', 'c'] },
      ],
    };
    const { body, dropped } = claude('claude-sonnet-4-5', { tools: [{ type: 'function', function: { name: 'f', parameters } }] });
    expect(body['tools']).toEqual([
      {
        name: 'f',
        input_schema: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } }, required: ['c'] },
      },
    ]);
    expect(dropped).toEqual(['tools.oneOf']);
  });

  it('gets ids of its own form, declared tools, a user first, and no addresses', () => {
    const { body } = claude('claude-sonnet-4-5', { messages: loop.slice(1), user: 'someone@example.com' });
    const [opening, call, result] = body['messages'] as { role: string; content: { id?: string; tool_use_id?: string }[] }[];
    expect(opening?.role).toBe('user');
    expect(call?.content[0]?.id).toMatch(/^[\w-]+$/);
    expect(result?.content[0]?.tool_use_id).toBe(call?.content[0]?.id);
    expect(body).toMatchObject({ tools: [{ name: 'f' }], tool_choice: { type: 'none' } });
    expect(body['metadata']).toEqual({ user_id: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('has the gateway end its text at stop sequences of white space', () => {
    expect(claude('claude-sonnet-4-5', { stop: ['\n', 'END'] })).toMatchObject({
      body: { stop_sequences: ['END'] },
      stop: ['\n'],
    });
  });

  it('refuses an image of an unsupported type for Claude', () => {
    const image = (type: string) => [
      { role: 'user', content: [{ type: 'image_url', image_url: { url: `data:${type};base64,AAAA` } }] },
    ];
    expect(JSON.stringify(claude('claude-sonnet-4-5', { messages: image('image/jpg') }).body)).toContain('"image/jpeg"');
    expect(() => claude('claude-sonnet-4-5', { messages: image('image/tiff') })).toThrow('image/tiff');
  });
});

describe('profile of Gemini', () => {
  it('takes an effort as a budget at 2.5, and as a level from 3 on', () => {
    const high = { reasoning_effort: 'high' };
    expect(gemini('gemini-2.5-flash', high)).toEqual({ thinkingConfig: { includeThoughts: true, thinkingBudget: 16_384 } });
    expect(gemini('gemini-2.5-pro', { reasoning_effort: 'xhigh' })).toMatchObject({ thinkingConfig: { thinkingBudget: 32_768 } });
    expect(gemini('gemini-2.5-flash', { reasoning_effort: 'xhigh' })).toMatchObject({
      thinkingConfig: { thinkingBudget: 24_576 },
    });
    expect(gemini('gemini-3-pro-preview', high)).toEqual({ thinkingConfig: { includeThoughts: true, thinkingLevel: 'HIGH' } });
    expect(gemini('gemini-3-pro-preview', { reasoning_effort: 'medium' })).toMatchObject({
      thinkingConfig: { thinkingLevel: 'HIGH' },
    });
    expect(gemini('gemini-next', { reasoning: { max_tokens: 2_000 } })).toMatchObject({
      thinkingConfig: { thinkingLevel: 'LOW' },
    });
    expect(gemini('gemini-2.0-flash', high)).toBeUndefined();
  });

  it('turns reasoning off for Gemini models that allow it', () => {
    const none = { reasoning_effort: 'none' };
    expect(gemini('gemini-2.5-flash', none)).toEqual({ thinkingConfig: { thinkingBudget: 0 } });
    expect(gemini('gemini-2.5-flash-lite', none)).toEqual({ thinkingConfig: { thinkingBudget: 0 } });
    const pro = written('gemini-2.5-pro', none, 'google', 'gemini');
    expect(pro.body).toMatchObject({ generationConfig: { thinkingConfig: { thinkingBudget: 128 } } });
    expect(pro.dropped).toEqual(['reasoning_effort']);
    expect(gemini('gemini-3-flash-preview', none)).toMatchObject({ thinkingConfig: { thinkingLevel: 'MINIMAL' } });
  });

  it('gets the marker for calls of others from 3 on', () => {
    const contents = (model: string) => JSON.stringify(written(model, { messages: loop }, 'google', 'gemini').body['contents']);
    for (const model of ['gemini-3-pro-preview', 'gemini-3.7-flash', 'gemini-next', 'm']) {
      expect(contents(model)).toContain('"thoughtSignature":"skip_thought_signature_validator"');
    }
    expect(contents('gemini-2.5-flash')).not.toContain('thoughtSignature');
  });
});

describe('profile of OpenAI’s models', () => {
  it('maps efforts to those of each OpenAI model', () => {
    const effortOf = (model: string, reasoning_effort: string) =>
      written(model, { reasoning_effort }, 'openai').body['reasoning_effort'];
    expect(effortOf('gpt-5', 'none')).toBe('minimal');
    expect(effortOf('gpt-5.1', 'none')).toBe('none');
    expect(effortOf('gpt-5.1', 'xhigh')).toBe('high');
    expect(effortOf('gpt-5.4', 'xhigh')).toBe('xhigh');
    expect(effortOf('o3', 'minimal')).toBe('low');
    expect(effortOf('gpt-5-pro', 'low')).toBe('high');
    expect(effortOf('gpt-4o', 'low')).toBeUndefined();
    expect(effortOf('openai/gpt-oss-120b', 'minimal')).toBe('low');
  });

  it('removes sampling and stop sequences from requests to OpenAI models that reason', () => {
    const asked = { temperature: 0.2, top_p: 0.5, presence_penalty: 1, stop: ['END'] };
    for (const model of ['gpt-5', 'o3', 'gpt-6']) {
      const { body, dropped, stop } = written(model, asked, 'openai');
      expect(Object.keys(body)).toEqual(['model', 'messages']);
      expect({ dropped, stop }).toEqual({ dropped: ['temperature', 'top_p', 'presence_penalty'], stop: ['END'] });
    }
    expect(written('gpt-4o', { ...asked, stop: ['1', '2', '3', '4', '5'] }, 'openai')).toMatchObject({
      body: { temperature: 0.2, stop: ['1', '2', '3', '4'] },
      stop: ['5'],
    });
  });

  it('keeps system messages in place for OpenAI, with call ids of 40 and users of 64 characters', () => {
    const id = `toolu_${'x'.repeat(60)}`;
    const messages = JSON.parse(
      JSON.stringify([...loop, { role: 'system', content: 'Now.' }, ...hi]).replaceAll('call:1', id),
    ) as unknown[];
    const { body } = written('gpt-4o', { messages, user: 'u'.repeat(65) }, 'openai');
    const [, call, result, system] = body['messages'] as { role: string; tool_calls?: { id: string }[]; tool_call_id?: string }[];
    expect(call?.tool_calls?.[0]?.id).toHaveLength(40);
    expect(result?.tool_call_id).toBe(call?.tool_calls?.[0]?.id);
    expect(system?.role).toBe('system');
    expect(body['user']).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('profiles of other families', () => {
  it('gives Mistral ids of nine characters, and an assistant between a tool and a user', () => {
    const { body } = written('mistral-large-latest', { messages: [...loop, ...hi], reasoning_effort: 'low' }, 'mistral');
    const messages = body['messages'] as { role: string; tool_call_id?: string }[];
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant', 'user']);
    expect(messages[2]?.tool_call_id).toMatch(/^[a-zA-Z0-9]{9}$/);
    expect(body).not.toHaveProperty('reasoning_effort');
  });

  it('returns reasoning with calls to DeepSeek and Kimi', () => {
    for (const [model, provider] of [
      ['deepseek-reasoner', 'deepseek'],
      ['deepseek/deepseek-v3.2', 'openrouter'],
      ['kimi-k2.5', 'moonshot'],
    ] as const) {
      expect(written(model, { messages: loop }, provider).body['messages']).toMatchObject([{}, { reasoning_content: ' ' }, {}]);
    }
  });

  it('asks DeepSeek, Kimi and Qwen to reason in their own words', () => {
    const low = { reasoning_effort: 'low' };
    expect(written('deepseek-chat', low, 'deepseek').body).toMatchObject({ thinking: { type: 'enabled' } });
    expect(written('kimi-k2.5', { reasoning_effort: 'none' }, 'moonshot').body).toMatchObject({ thinking: { type: 'disabled' } });
    expect(written('qwen-plus', low, 'alibaba').body).toMatchObject({ enable_thinking: true, thinking_budget: 2_048 });
  });

  it('turns reasoning off for DeepSeek, Kimi and Qwen with a forced tool', () => {
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }];
    const forced = { tools, tool_choice: { type: 'function', function: { name: 'f' } } };
    for (const [model, provider, off] of [
      ['deepseek-v4-flash', 'deepseek', { thinking: { type: 'disabled' } }],
      ['kimi-k2.6', 'moonshot', { thinking: { type: 'disabled' } }],
      ['qwen3.5-plus', 'alibaba', { enable_thinking: false }],
    ] as const) {
      const asked = written(model, { ...forced, reasoning_effort: 'low' }, provider);
      expect(asked.body).toMatchObject({ ...off, tool_choice: forced.tool_choice });
      expect(asked.dropped).toEqual(['reasoning_effort']);
      const unasked = written(model, { tools, tool_choice: 'required' }, provider);
      expect(unasked.body).toMatchObject({ ...off, tool_choice: 'required' });
      expect(unasked.dropped).toEqual([]);
      expect(written(model, { tools, tool_choice: 'auto' }, provider).body).not.toMatchObject(off);
    }
  });

  it('lets a user say what a system message says alone, where a model needs a user', () => {
    const messages = [{ role: 'system', content: 'Say hello.' }];
    const { body } = converse('anthropic.claude-haiku-4-5-20251001-v1:0', { messages });
    expect(body).toMatchObject({ messages: [{ role: 'user', content: [{ text: 'Say hello.' }] }] });
    expect(body).not.toHaveProperty('system');
    expect(written('gpt-4o', { messages }, 'openai').body['messages']).toEqual(messages);
  });

  it('lets a user ask to continue where a model continues no message of the assistant', () => {
    const messages = [...hi, { role: 'assistant', content: '{ ' }];
    const lastOf = (body: Record<string, unknown>) => (body['messages'] as { role: string }[]).at(-1);
    for (const [model, provider] of [
      ['mistral-large-latest', 'mistral'],
      ['deepseek-chat', 'deepseek'],
    ] as const) {
      expect(lastOf(written(model, { messages }, provider).body)).toEqual({ role: 'user', content: 'Continue.' });
    }
    expect(lastOf(written('gpt-4o', { messages }, 'openai').body)).toMatchObject({ role: 'assistant' });
    expect(lastOf(converse('us.anthropic.claude-opus-4-7-v1', { messages }).body)).toMatchObject({ role: 'user' });
    const continued = lastOf(converse('anthropic.claude-haiku-4-5-20251001-v1:0', { messages }).body);
    expect(continued).toEqual({ role: 'assistant', content: [{ text: '{' }] });
  });

  it('turns reasoning off for open Qwen models in answers that are not streamed', () => {
    const effort = { reasoning_effort: 'low' };
    for (const model of ['qwen3-32b', 'qwen3-235b-a22b']) {
      expect(written(model, {}, 'alibaba').body).toMatchObject({ enable_thinking: false });
      expect(written(model, effort, 'alibaba').dropped).toEqual(['reasoning_effort']);
      expect(written(model, { ...effort, stream: true }, 'alibaba').body).toMatchObject({ enable_thinking: true });
    }
    expect(written('qwen3.5-plus', effort, 'alibaba').body).toMatchObject({ enable_thinking: true });
  });

  it('asks DeepSeek for a schema in JSON mode', () => {
    const response_format = { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } };
    const { body, dropped } = written('deepseek-chat', { response_format }, 'deepseek');
    expect(body).toMatchObject({ response_format: { type: 'json_object' }, messages: [{ role: 'system' }, { role: 'user' }] });
    expect(dropped).toEqual(['response_format']);
  });

  it('bounds Kimi’s temperature', () => {
    expect(written('kimi-k2-turbo-preview', { temperature: 1.5 }, 'moonshot').body['temperature']).toBe(1);
    expect(written('kimi-k2.5', { temperature: 0.5 }, 'moonshot').dropped).toEqual(['temperature']);
  });

  it('gives local servers one system message, and users who take turns', () => {
    const messages = [
      { role: 'system', content: 'a' },
      { role: 'system', content: 'b' },
      ...hi,
      { role: 'system', content: 'c' },
      ...hi,
    ];
    for (const [model, provider] of [
      ['qwen3.8', 'vllm'],
      ['m', 'ollama'],
    ] as const) {
      const roles = (written(model, { messages }, provider).body['messages'] as { role: string }[]).map(({ role }) => role);
      expect(roles).toEqual(['system', 'user']);
    }
  });

  it('gives marks for the prompt cache to OpenRouter and to Qwen at Alibaba alone', () => {
    const content = [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }];
    const marked = (model: string, provider: string) =>
      JSON.stringify(written(model, { messages: [{ role: 'user', content }] }, provider).body);
    expect(marked('anthropic/claude-sonnet-4.5', 'openrouter')).toContain('cache_control');
    expect(marked('qwen-plus', 'alibaba')).toContain('cache_control');
    expect(marked('gpt-4o', 'openai')).not.toContain('cache_control');
  });

  it('asks Bedrock’s Claude as Claude, and its other models not to reason', () => {
    const effort = { reasoning_effort: 'high', max_tokens: 20_000, top_k: 5 };
    expect(converse('anthropic.claude-haiku-4-5-20251001-v1:0', effort).body).toMatchObject({
      additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 16_384 } },
    });
    expect(converse('us.anthropic.claude-opus-4-7-v1', effort).body).toMatchObject({
      additionalModelRequestFields: { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } },
    });
    const nova = converse('us.amazon.nova-pro-v1:0', { ...effort, messages: loop });
    expect(nova.body).not.toHaveProperty('additionalModelRequestFields');
    expect(nova.dropped).toEqual(['reasoning_effort', 'top_k']);
    expect(nova.body).toMatchObject({ toolConfig: { tools: [{ toolSpec: { name: 'f' } }] } });
  });
});

describe('tool names', () => {
  it('shortens tool names equally in tools, choice and history, and restores them', () => {
    const name = `mcp__${'a'.repeat(80)}.read`;
    const history = JSON.parse(JSON.stringify(loop).replaceAll('"name":"f"', `"name":"${name}"`)) as unknown[];
    const asked = {
      messages: history,
      tools: [{ type: 'function', function: { name } }],
      tool_choice: { type: 'function', function: { name } },
    };
    const read = DIALECTS['openai-chat'].readRequest({ model: 'm', ...asked });
    const { request, shaping } = shapeRequest(read, profileOf({ provider: 'own', dialect: 'openai-chat', model: 'm' }), false);
    const [short] = request.tools ?? [];
    expect(short?.name).toMatch(/^mcp__a+_[0-9a-f]{8}$/);
    expect(short?.name).toHaveLength(64);
    expect(request.toolChoice).toEqual({ name: short?.name });
    expect(request.messages[1]?.parts).toMatchObject([{ type: 'tool_call', name: short?.name }]);
    expect(shaping.toolNames).toEqual(new Map([[short?.name, name]]));
  });
});

describe('first and last message of a conversation', () => {
  const prefilled = [...hi, { role: 'assistant', content: 'The answer is ' }];

  it.each(['claude-opus-4-6', 'claude-opus-4-7', 'claude-sonnet-5'])(
    'ends with the user for %s, which continues no text',
    (model) => {
      const messages = claude(model, { messages: prefilled }).body['messages'] as { role: string }[];
      expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    },
  );

  it('ends with the assistant for a model that continues its text, without white space at the end', () => {
    const said = { role: 'assistant', content: [{ type: 'text', text: 'The answer is' }] };
    expect(claude('claude-sonnet-4-5', { messages: prefilled }).body['messages']).toMatchObject([{ role: 'user' }, said]);
    const { messages } = converse('anthropic.claude-sonnet-4-5-v1:0', { messages: prefilled }).body;
    expect(messages).toMatchObject([{ role: 'user' }, { role: 'assistant', content: [{ text: 'The answer is' }] }]);
  });

  it('sends a lone system message as a user message to models that require one', () => {
    const messages = [{ role: 'system', content: 'Write a poem.' }];
    expect(claude('claude-sonnet-4-5', { messages }).body).toMatchObject({
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Write a poem.' }] }],
    });
    expect(written('gemini-2.5-flash', { messages }, 'google', 'gemini').body['contents']).toMatchObject([{ role: 'user' }]);
    expect(written('gpt-4o', { messages }, 'openai').body['messages']).toEqual(messages);
  });
});

describe('efforts of servers with unknown models', () => {
  it.each<[provider: string, asked: string, sent: string]>([
    ['vllm', 'xhigh', 'high'],
    ['ollama', 'minimal', 'low'],
    ['own', 'none', 'none'],
    ['openrouter', 'xhigh', 'xhigh'],
  ])('%s gets for %s the effort %s', (provider, asked, sent) => {
    expect(written('m', { reasoning_effort: asked }, provider).body['reasoning_effort']).toBe(sent);
  });
});

it('names two documents of one name apart for Bedrock', () => {
  const file = { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } };
  const { messages } = converse('anthropic.claude-sonnet-4-5-v1:0', { messages: [{ role: 'user', content: [file, file] }] }).body;
  const [{ content }] = messages as [{ content: { document: { name: string } }[] }];
  expect(new Set(content.map(({ document }) => document.name)).size).toBe(2);
});
describe('profiles of Grok, GLM, MiniMax, Cohere, Perplexity and Llama', () => {
  it('maps efforts to those of each Grok model, without penalties or stop sequences for reasoning', () => {
    const asked = { reasoning_effort: 'medium', presence_penalty: 1, stop: ['x'] };
    expect(written('grok-4', asked, 'xai')).toMatchObject({ dropped: ['reasoning_effort', 'presence_penalty'], stop: ['x'] });
    expect(written('grok-4.3', asked, 'xai').body).toMatchObject({ reasoning_effort: 'medium' });
    expect(written('grok-3-mini', asked, 'xai').body).toMatchObject({ reasoning_effort: 'high' });
    expect(written('grok-4.5', { reasoning_effort: 'none' }, 'xai')).toMatchObject({
      body: { reasoning_effort: 'low' },
      dropped: ['reasoning_effort'],
    });
    expect(written('grok-3', asked, 'xai').body).toMatchObject({ presence_penalty: 1, stop: ['x'] });
  });

  it('sends GLM its switch for reasoning and a supported tool choice', () => {
    const other = { ...tool, function: { ...tool.function, name: 'g' } };
    const asked = { tools: [tool, other], tool_choice: { type: 'function', function: { name: 'g' } }, reasoning_effort: 'low' };
    const named = written('glm-4.7', asked, 'zai');
    expect(named).toMatchObject({ body: { thinking: { type: 'enabled' }, tools: [other] }, dropped: ['tool_choice'] });
    expect(named.body).not.toHaveProperty('tool_choice');
    expect(written('glm-4.7', { ...asked, tool_choice: 'required' }, 'zai').body['tools']).toEqual([tool, other]);
    expect(written('glm-4.7', { ...asked, tool_choice: 'none' }, 'zai').body).not.toHaveProperty('tools');
    expect(written('glm-4.7', { reasoning_effort: 'none' }, 'zai').body).toMatchObject({ thinking: { type: 'disabled' } });
  });

  it('separates the reasoning of MiniMax from its text, requested or not', () => {
    expect(written('MiniMax-M2', { temperature: 1.5 }, 'minimax')).toMatchObject({
      body: { reasoning_split: true, temperature: 1 },
      dropped: ['temperature'],
    });
    expect(written('MiniMax-M2', { reasoning_effort: 'none' }, 'minimax').dropped).toEqual(['reasoning_effort']);
  });

  it('sends Cohere its efforts for reasoning models', () => {
    expect(written('command-a-reasoning-08-2025', { reasoning_effort: 'low' }, 'cohere').body).toMatchObject({
      reasoning_effort: 'high',
    });
    expect(written('command-a-03-2025', { reasoning_effort: 'low' }, 'cohere').dropped).toEqual(['reasoning_effort']);
  });

  it('drops tools for Perplexity, and sends earlier tool results as text', () => {
    const { body, dropped } = written('sonar', { messages: [...loop, ...hi], tools: [tool] }, 'perplexity');
    expect(dropped).toEqual(['tools']);
    expect(body).not.toHaveProperty('tools');
    expect(body['messages']).toEqual([
      ...hi,
      { role: 'assistant', content: '[call of f: {}]\n' },
      {
        role: 'user',
        content: [
          { type: 'text', text: '[result of a call]\n' },
          { type: 'text', text: '42' },
          { type: 'text', text: 'hi' },
        ],
      },
    ]);
    expect(() => written('sonar', { tools: [tool], tool_choice: 'required' }, 'perplexity')).toThrow('tool_choice');
  });

  it('sends one call per message to templates of Llama 3 that accept no more', () => {
    const made = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } });
    const result = (id: string) => ({ role: 'tool', tool_call_id: id, content: id });
    const messages = [
      ...hi,
      { role: 'assistant', content: 'Two.', tool_calls: [made('a'), made('b')] },
      result('a'),
      result('b'),
      ...hi,
    ];
    expect(written('llama-3.3-70b', { messages, tools: [tool] }).body['messages']).toEqual([
      ...hi,
      { role: 'assistant', content: 'Two.', tool_calls: [made('a')] },
      result('a'),
      { role: 'assistant', content: null, tool_calls: [made('b')] },
      result('b'),
      ...hi,
    ]);
  });
});
