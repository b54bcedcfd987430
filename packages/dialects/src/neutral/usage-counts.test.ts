import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EMBEDDINGS } from '../embeddings/registry.ts';
import { DIALECTS } from '../registry.ts';

type Read = (counts: Readonly<Record<string, unknown>>) => ReturnType<(typeof DIALECTS)['gemini']['readUsage']>;

/** Names of the two totals in each dialect, and the reader. */
const READERS: [name: string, input: string, output: string, read: Read][] = [
  ['openai-chat', 'prompt_tokens', 'completion_tokens', (usage) => DIALECTS['openai-chat'].readUsage({ usage })],
  ['openai-responses', 'input_tokens', 'output_tokens', (usage) => DIALECTS['openai-responses'].readUsage({ usage })],
  ['anthropic-messages', 'input_tokens', 'output_tokens', (usage) => DIALECTS['anthropic-messages'].readUsage({ usage })],
  ['gemini', 'promptTokenCount', 'candidatesTokenCount', (usageMetadata) => DIALECTS.gemini.readUsage({ usageMetadata })],
  ['bedrock-converse', 'inputTokens', 'outputTokens', (usage) => DIALECTS['bedrock-converse'].readUsage({ usage })],
];

const UNUSABLE: [what: string, value: unknown, reason: string][] = [
  ['a text', '10', 'malformed'],
  ['a fraction', 10.5, 'malformed'],
  ['negative', -1, 'malformed'],
  ['a list', [], 'malformed'],
  ['the largest safe integer', Number.MAX_SAFE_INTEGER, 'implausible'],
  ['1e308', 1e308, 'implausible'],
];

describe.each(READERS)('usage of %s', (_name, input, output, read) => {
  it('reports no issue for totals that are whole numbers', () => {
    expect(read({ [input]: 10, [output]: 5 })).toMatchObject({ inputTokens: 10, outputTokens: 5 });
    expect(read({ [input]: 10, [output]: 5 })).not.toHaveProperty('issue');
  });

  it.each(UNUSABLE)('keeps the other total when one is %s', (_what, value, reason) => {
    expect(read({ [input]: value, [output]: 5 })).toMatchObject({
      inputTokens: 0,
      outputTokens: 5,
      issue: { reason, input: true, output: false },
    });
    expect(read({ [input]: 10, [output]: value })).toMatchObject({
      inputTokens: 10,
      outputTokens: 0,
      issue: { reason, input: false, output: true },
    });
  });

  it('never returns a count beyond a thousand million, or a part above its total', () => {
    const count = fc.oneof(fc.nat(2_000), fc.maxSafeNat(), fc.double(), fc.constantFrom(null, undefined, '1', -1));
    const names = ['cached_tokens', 'reasoning_tokens', 'audio_tokens', 'cache_write_tokens', 'thinking_tokens'];
    const details = fc.dictionary(fc.constantFrom(...names), count);
    const more = fc.dictionary(
      fc.constantFrom(
        'cache_read_input_tokens',
        'cache_creation_input_tokens',
        'thoughtsTokenCount',
        'cachedContentTokenCount',
        'cacheReadInputTokens',
        'total_tokens',
      ),
      count,
    );
    fc.assert(
      fc.property(count, count, details, details, more, (one, other, ofInput, ofOutput, rest) => {
        const usage = read({
          ...{ [input]: one, [output]: other, ...rest },
          ...{ prompt_tokens_details: ofInput, input_tokens_details: ofInput },
          ...{ completion_tokens_details: ofOutput, output_tokens_details: ofOutput },
        });
        const { issue: _issue, ...counts } = usage ?? {};
        for (const value of Object.values(counts)) {
          expect(Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= 4e9).toBe(true);
        }
        const {
          inputTokens = 0,
          outputTokens = 0,
          cachedInputTokens = 0,
          cacheWriteTokens = 0,
          reasoningTokens = 0,
        } = usage ?? {};
        expect(cachedInputTokens + cacheWriteTokens).toBeLessThanOrEqual(inputTokens);
        expect(reasoningTokens).toBeLessThanOrEqual(outputTokens);
      }),
    );
  });
});

describe('parts of a usage', () => {
  it('omits parts above their total, and keeps the totals', () => {
    const usage = { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 11 } };
    expect(DIALECTS['openai-chat'].readUsage({ usage })).toEqual({
      ...{ inputTokens: 10, outputTokens: 5 },
      issue: { reason: 'implausible', input: false, output: false },
    });
  });

  it('reads cached tokens from the fields of Moonshot and DeepSeek', () => {
    const read = (more: object) =>
      DIALECTS['openai-chat'].readUsage({ usage: { prompt_tokens: 10, completion_tokens: 5, ...more } });
    expect(read({ cached_tokens: 4 })).toEqual({ inputTokens: 10, outputTokens: 5, cachedInputTokens: 4 });
    expect(read({ prompt_cache_hit_tokens: 3 })).toEqual({ inputTokens: 10, outputTokens: 5, cachedInputTokens: 3 });
  });

  it("reads Anthropic's one-hour cache writes and searches", () => {
    const usage = {
      ...{ input_tokens: 10, output_tokens: 5, cache_creation_input_tokens: 8 },
      ...{ cache_creation: { ephemeral_5m_input_tokens: 2, ephemeral_1h_input_tokens: 6 } },
      ...{ server_tool_use: { web_search_requests: 3 } },
    };
    expect(DIALECTS['anthropic-messages'].readUsage({ usage })).toEqual({
      ...{ inputTokens: 18, outputTokens: 5, cacheWriteTokens: 8, cacheWriteHourTokens: 6, webSearches: 3 },
    });
  });

  it('computes a missing count of Gemini from the total', () => {
    const read = (more: object) => DIALECTS.gemini.readUsage({ usageMetadata: { promptTokenCount: 10, ...more } });
    expect(read({ totalTokenCount: 10 })).toEqual({ inputTokens: 10, outputTokens: 0 });
    expect(read({ totalTokenCount: 17, thoughtsTokenCount: 3 })).toEqual({
      inputTokens: 10,
      outputTokens: 7,
      reasoningTokens: 3,
    });
  });
});

describe('usage of embeddings', () => {
  it.each([
    ['openai', (n: unknown) => ({ usage: { prompt_tokens: n } })],
    ['voyage', (n: unknown) => ({ usage: { total_tokens: n } })],
    ['cohere', (n: unknown) => ({ meta: { billed_units: { input_tokens: n } } })],
    ['gemini', (n: unknown) => ({ usageMetadata: { promptTokenCount: n } })],
  ] as const)('reads only valid prompt tokens of %s', (name, body) => {
    const { readUsage } = EMBEDDINGS[name];
    expect(readUsage(body(7))).toEqual({ inputTokens: 7, outputTokens: 0 });
    expect(readUsage(body(9e15))).toMatchObject({ inputTokens: 0, issue: { reason: 'implausible', input: true } });
    expect(readUsage({})).toBeUndefined();
  });
});
