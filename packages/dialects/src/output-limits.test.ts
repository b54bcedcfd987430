import { describe, expect, it } from '@jest/globals';
import type { RequestView } from '@sluice/core';
import fc from 'fast-check';
import { anthropicRequest } from './anthropic-messages/request.ts';
import { GeminiRequest } from './gemini/request.ts';
import { OpenAiRequest } from './openai-chat/request.ts';
import { responsesRequest } from './openai-responses/request.ts';

const bytes = (value: object) => Buffer.from(JSON.stringify({ model: 'm', ...value }));
const messages = [{ role: 'user', content: 'x' }];
const ADDRESS = { operation: 'chat', model: 'm', stream: false, framing: 'sse', batch: false } as const;

const chat = (more: object) => new OpenAiRequest('chat', bytes({ messages, ...more }));
const completion = (more: object) => new OpenAiRequest('completions', bytes({ prompt: 'x', ...more }));
const anthropic = (more: object) => anthropicRequest(bytes({ messages, ...more }));
const response = (more: object) => responsesRequest(bytes({ input: 'x', ...more }));
const gemini = (generationConfig: object) =>
  new GeminiRequest(ADDRESS, Buffer.from(JSON.stringify({ contents: [{ parts: [{ text: 'x' }] }], generationConfig })));

/** Most tokens that a provider may generate for a request: every limit, every choice, every prompt. */
const most = ({ maxOutputTokens, answers = 1 }: RequestView, unlimited: number) => maxOutputTokens ?? unlimited * answers;

describe('output limits of a request', () => {
  it.each([
    ['the greater of two limits', chat({ max_completion_tokens: 1, max_tokens: 4_096 }), 4_096],
    ['each choice', chat({ n: 10, max_tokens: 100 }), 1_000],
    ['each choice without a limit', chat({ n: 10 }), 10 * 4_096],
    ['the generated choices, not the returned ones', completion({ best_of: 20, n: 2, max_tokens: 10 }), 200],
    ['each of a list of prompts', completion({ prompt: Array(50).fill('x'), max_tokens: 1_000 }), 50_000],
    ['each of a list of prompts as tokens', completion({ prompt: [[1, 2], [3], [4]], max_tokens: 10 }), 30],
    ['one prompt as tokens', completion({ prompt: [1, 2, 3], max_tokens: 10 }), 10],
    ['each prompt and choice without a limit', completion({ prompt: ['a', 'b'], n: 3 }), 6 * 4_096],
    ['each candidate', gemini({ candidateCount: 4, maxOutputTokens: 10 }), 40],
    ['each candidate without a limit', gemini({ candidate_count: 4 }), 4 * 4_096],
    ['a null limit as none', anthropic({ max_tokens: null }), 4_096],
  ])('counts %s', (_what, request, tokens) => {
    expect(most(request.view(), 4_096)).toBe(tokens);
  });

  it.each([0, -1, 0.5, 40_960.5, '40960', '10', true, [], {}, 1e300])('refuses %p as a limit, naming the field', (value) => {
    const refused = (request: { view(): RequestView }, param: string) =>
      expect(() => request.view()).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
    for (const name of ['max_tokens', 'max_completion_tokens', 'n']) refused(chat({ max_tokens: 5, [name]: value }), name);
    for (const name of ['max_tokens', 'best_of']) refused(completion({ [name]: value }), name);
    refused(anthropic({ max_tokens: value }), 'max_tokens');
    refused(response({ max_output_tokens: value }), 'max_output_tokens');
    refused(gemini({ maxOutputTokens: value }), 'generationConfig.maxOutputTokens');
    refused(gemini({ candidateCount: value }), 'generationConfig.candidateCount');
  });

  it('never reads a limit lower than the most generous provider does', () => {
    const count = fc.option(fc.integer({ min: 1, max: 1_000 }), { nil: undefined });
    const prompt = fc.oneof(
      fc.string(),
      fc.array(fc.string(), { minLength: 1, maxLength: 9 }),
      fc.array(fc.array(fc.nat(), { minLength: 1 }), { minLength: 1, maxLength: 9 }),
    );
    fc.assert(
      fc.property(count, count, count, count, prompt, (max_tokens, max_completion_tokens, n, best_of, given) => {
        const view = completion({ max_tokens, max_completion_tokens, n, best_of, prompt: given }).view();
        const each = Math.max(max_tokens ?? 0, max_completion_tokens ?? 0) || 4_096;
        const prompts = Array.isArray(given) ? given.length : 1;
        expect(most(view, 4_096)).toBeGreaterThanOrEqual(each * Math.max(n ?? 1, best_of ?? 1) * prompts);
      }),
    );
  });

  it('lowers the limit in the bytes of every dialect', () => {
    const upstream = (request: { forUpstream(form: object): Uint8Array }) =>
      JSON.parse(Buffer.from(request.forUpstream({ model: 'm', streamUsage: false, outputLimit: 9 })).toString());
    expect(upstream(anthropic({ max_tokens: 100 })).max_tokens).toBe(9);
    expect(upstream(anthropic({ max_tokens: 5 })).max_tokens).toBe(5);
    expect(upstream(response({})).max_output_tokens).toBe(9);
    expect(upstream(completion({})).max_tokens).toBe(9);
    expect(upstream(gemini({ max_output_tokens: 100, temperature: 1 })).generationConfig).toEqual({
      maxOutputTokens: 9,
      temperature: 1,
    });
    expect(upstream(gemini({})).generationConfig).toEqual({ maxOutputTokens: 9 });
  });
});
