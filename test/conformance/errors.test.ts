import { APIError as AnthropicError } from '@anthropic-ai/sdk';
import { ApiError as GoogleError } from '@google/genai';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { propertyRuns } from '@sluice/core/testing';
import type { Gateway } from '@sluice/gateway';
import fc from 'fast-check';
import { APIError as OpenAIError } from 'openai';
import { ask } from '../support/ask.ts';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { type CallerName, type SdkCaller, sdkCallers } from '../support/sdk-callers.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-the-errors';

interface Caller {
  readonly path: (model: string) => string;
  readonly body: (model: string) => Record<string, unknown>;
  /** The required member, and its expected form. */
  readonly needed: string;
  readonly shape: (status: number, code: string) => object;
  readonly error: abstract new (...args: never[]) => Error;
}

const user = { role: 'user', content: 'x' };
const openAiShape = (_status: number, code: string): object => ({
  error: { message: expect.any(String), type: expect.any(String), code },
});
const GOOGLE: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  502: 'UNAVAILABLE',
};
const ANTHROPIC: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  502: 'api_error',
};

const CALLERS: Readonly<Record<CallerName, Caller>> = {
  'openai-chat': {
    path: () => '/v1/chat/completions',
    body: (model) => ({ model, messages: [user] }),
    needed: 'messages',
    shape: openAiShape,
    error: OpenAIError,
  },
  'openai-responses': {
    path: () => '/v1/responses',
    body: (model) => ({ model, input: 'x' }),
    needed: 'input',
    shape: openAiShape,
    error: OpenAIError,
  },
  'anthropic-messages': {
    path: () => '/v1/messages',
    body: (model) => ({ model, max_tokens: 9, messages: [user] }),
    needed: 'messages',
    shape: (status, code) => ({ type: 'error', error: { type: ANTHROPIC[status], message: expect.any(String), code } }),
    error: AnthropicError,
  },
  gemini: {
    path: (model) => `/v1beta/models/${model}:generateContent`,
    body: () => ({ contents: [{ parts: [{ text: 'x' }] }] }),
    needed: 'contents',
    shape: (status, code) => ({
      error: {
        code: status,
        message: expect.any(String),
        status: GOOGLE[status],
        details: expect.arrayContaining([expect.objectContaining({ reason: code })]),
      },
    }),
    error: GoogleError,
  },
};

const NAMES = Object.keys(CALLERS) as CallerName[];
/** A stream of each dialect that an SDK can read, begun and not ended. */
const BEGUN: Readonly<Record<CallerName, string>> = {
  'openai-chat':
    'data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}\n\n',
  'openai-responses':
    'event: response.created\ndata: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","output":[]}}\n\n',
  'anthropic-messages':
    'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}}}\n\n',
  gemini: 'data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hel"}]},"index":0}]}\n\n',
};

describe("errors in the caller's dialect", () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  let callers: Readonly<Record<CallerName, SdkCaller>>;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    const providers = Object.fromEntries(
      NAMES.map((dialect) => [dialect, { baseUrl: upstream.baseUrl, dialect, apiKey: 'sk-secret' }]),
    );
    gateway = await startGateway({
      config: {
        providers: { ...providers, pretend: { dialect: 'simulated', latency: '1ms' } },
        keys: [{ name: 'errors', secret: KEY }],
        // each of these calls fails on purpose, one after the other
        resilience: { retries: { max: 0 }, breaker: { consecutive: 1_000, minimum: 1_000 } },
      },
    });
    callers = sdkCallers(gateway.url, KEY);
  });
  afterAll(async () => {
    await gateway.close(0);
    await upstream.close();
  });

  describe.each(NAMES)('errors for %s', (name) => {
    const { path, body, needed, shape, error } = CALLERS[name];
    const send = (model: string, more: object = {}, key = KEY) =>
      ask(gateway.url, { ...body(model), ...more }, { key, path: path(model) });

    it('returns an error for a wrong key and an unknown model', async () => {
      const wrong = await send('pretend/m', {}, 'wrong');
      expect([wrong.status, wrong.json]).toEqual([401, shape(401, 'invalid_api_key')].map((one) => matching(one)));
      const unknown = await send('nowhere');
      expect([unknown.status, unknown.json]).toEqual([404, shape(404, 'model_not_found')].map((one) => matching(one)));
    });

    it.each(['', '[]', 'null', '{', '{"a":1,"a":2}', `${'{"a":'.repeat(70)}1${'}'.repeat(70)}`])(
      'returns an error for the body %j',
      async (text) => {
        const { status, json } = await ask(gateway.url, text, { key: KEY, path: path('pretend/m') });
        expect([status, json]).toEqual([400, shape(400, 'invalid_request')].map((one) => matching(one)));
      },
    );

    it.each(
      [4, null, {}, [null], [4], [[]], [{}], 'x'].filter((value) => !(name === 'openai-responses' && typeof value === 'string')),
    )('returns an error for a prompt that is %j', async (value) => {
      const { status, json, text } = await send('pretend/m', { [needed]: value });
      // an omitted optional field is not an error
      if (name === 'openai-responses' && value === null) return;
      expect([status, json]).toEqual([400, shape(400, 'invalid_request')].map((one) => matching(one)));
      expect(text).toContain(needed);
    });

    it('returns a response or a refusal for any other body, never an internal error', async () => {
      const fields = Object.keys(body('m')).filter((field) => field !== 'model');
      const more = [
        'tools',
        'tool_choice',
        'stop',
        'system',
        'thinking',
        'generationConfig',
        'toolConfig',
        'text',
        'reasoning',
        'n',
        'stream',
      ];
      const value = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(-1, 0, 0.5, 1e9, 1e308, -5e-324));
      const anything = fc.dictionary(fc.constantFrom(...fields, ...more), value, { minKeys: 1 });
      await fc.assert(
        fc.asyncProperty(anything, async (request) => {
          const { status, json } = await send('pretend/m', request);
          expect([200, 400]).toContain(status);
          if (status === 400) expect(json).toEqual(matching(shape(400, 'invalid_request')));
        }),
        { numRuns: propertyRuns(150) },
      );
    });

    it('accepts a stream that ends with only [DONE]', async () => {
      const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' };
      const event = { ...chunk, choices: [{ index: 0, delta: { role: 'assistant', content: 'said' }, finish_reason: null }] };
      upstream.answer(events(`data: ${JSON.stringify(event)}\n\ndata: [DONE]\n\n`));
      expect((await callers[name]('openai-chat/m', true)).text).toBe('said');
    });

    describe.each(NAMES)('from a provider of %s', (provider) => {
      it('passes on the message of a refusal, and hides the message of a failure', async () => {
        upstream.answer(whole('{"error":{"message":"bad tools sk-x","type":"invalid_request_error"}}', 400));
        const refused = callers[name](`${provider}/m`, false);
        await expect(refused).rejects.toBeInstanceOf(error);
        await expect(refused).rejects.toMatchObject({ status: 400, message: expect.stringContaining('bad tools') });
        for (const status of [401, 403, 500, 503]) {
          upstream.answer(whole('{"error":{"message":"our key is sk-secret","type":"x"}}', status));
          const failed = callers[name](`${provider}/m`, false);
          await expect(failed).rejects.toMatchObject({ status: 502, message: expect.not.stringContaining('sk-secret') });
        }
        upstream.answer(whole('{"error":{"message":"slow down"}}', 429, { 'retry-after': '7' }));
        // this target is now rate limited, so that the other callers use another target
        const { status, headers } = await send(`${provider}/asked-too-often-by-${name}`);
        expect([status, headers.get('retry-after')]).toEqual([429, '7']);
      });

      it('treats an invalid response as a failure', async () => {
        for (const text of ['<html>', '', '[]']) {
          upstream.answer(whole(text));
          await expect(callers[name](`${provider}/m`, false)).rejects.toMatchObject({ status: 502 });
        }
      });

      it('treats a truncated stream and a stream with an error as failures', async () => {
        upstream.answer(events(BEGUN[provider]));
        await expect(callers[name](`${provider}/m`, true)).rejects.toThrow(/before (its answer|the answer was complete)/);
        const error = {
          'openai-chat': 'data: {"error":{"message":"overloaded"}}\n\n',
          'openai-responses':
            'event: error\ndata: {"type":"error","code":"x","message":"overloaded","param":null,"sequence_number":1}\n\n',
          'anthropic-messages':
            'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"overloaded"}}\n\n',
          gemini: 'data: {"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}\n\n',
        }[provider];
        upstream.answer(events(BEGUN[provider] + error));
        await expect(callers[name](`${provider}/m`, true)).rejects.toThrow();
      });
    });
  });

  it('ends a Gemini stream in array form with an error', async () => {
    upstream.answer(events(BEGUN['openai-chat']));
    const path = '/v1beta/models/openai-chat/m:streamGenerateContent';
    const { text } = await ask(gateway.url, CALLERS.gemini.body(''), { key: KEY, path });
    expect(JSON.parse(text)).toEqual([
      expect.objectContaining({
        candidates: [expect.objectContaining({ content: { role: 'model', parts: [{ text: 'Hel' }] } })],
      }),
      { error: expect.objectContaining({ code: 502, status: 'UNAVAILABLE' }) },
    ]);
  });
});

/** Matches an object with at least these members, recursively. */
function matching(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || 'asymmetricMatch' in value) return value;
  return expect.objectContaining(Object.fromEntries(Object.entries(value).map(([name, one]) => [name, matching(one)])));
}
