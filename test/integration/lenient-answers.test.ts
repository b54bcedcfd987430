import type { ServerResponse } from 'node:http';
import * as zlib from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import type { Gateway } from '@sluice/gateway';
import { type Answer, ask, chat } from '../support/ask.ts';
import {
  events,
  type ScriptedUpstream,
  startScriptedUpstream,
  type UpstreamRequest,
  whole,
} from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-the-lenient';
const USAGE = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 };

const completion = (content: unknown, more: object = {}) => ({
  id: 'c1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: USAGE,
  ...more,
});
const WHOLE = JSON.stringify(completion('the answer'));
const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const STREAM = `${chunk({ role: 'assistant', content: 'the ' })}${chunk({ content: 'answer' })}${chunk({}, 'stop')}data: ${JSON.stringify({ id: 'c1', choices: [], usage: USAGE })}\n\ndata: [DONE]\n\n`;

/** The target may be retried immediately. */
const AT_ONCE = { 'retry-after-ms': '0' };

type How = (response: ServerResponse, request: UpstreamRequest) => void;

/** Responds with the bytes and exactly these headers. */
const bare =
  (body: string | Buffer, headers: Readonly<Record<string, string>>, status = 200): How =>
  (response) => {
    response.writeHead(status, headers).end(body);
  };

describe("providers with responses that differ from their API's description", () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    const { baseUrl } = upstream;
    gateway = await startGateway({
      config: {
        providers: { up: { baseUrl }, other: { baseUrl }, claude: { baseUrl, dialect: 'anthropic-messages' } },
        models: {
          two: {
            strategy: 'priority',
            targets: [
              { provider: 'up', model: 'first' },
              { provider: 'other', model: 'second' },
            ],
            fallbackOn: ['error', 'rate_limit', 'context_length', 'content_refused'],
          },
          quick: { targets: [{ provider: 'up', model: 'm', firstToken: '1500ms' }] },
        },
        keys: [{ name: 'lenient', secret: KEY }],
        cache: { exact: { ttl: '1h' } },
        resilience: { retries: { max: 0 }, breaker: { consecutive: 100_000, minimum: 100_000 } },
      },
    });
  });
  afterAll(async () => {
    await gateway.close(0);
    await upstream.close();
  });
  beforeEach(() => upstream.forget());

  const fresh = { 'cache-control': 'no-store, no-cache' };
  const openAi = (more: object = {}, model = 'up/m') => ask(gateway.url, chat(model, 'x', more), { key: KEY, headers: fresh });
  const anthropic = (more: object = {}, model = 'up/m') =>
    ask(
      gateway.url,
      { model, max_tokens: 50, messages: [{ role: 'user', content: 'x' }], ...more },
      { key: KEY, path: '/v1/messages', headers: fresh },
    );

  describe.each<[string, (bytes: Buffer) => Buffer]>([
    ['gzip', zlib.gzipSync],
    ['br', zlib.brotliCompressSync],
    ['zstd', zlib.zstdCompressSync],
    ['deflate', zlib.deflateSync],
  ])('responses in the coding %s', (coding, compress) => {
    const headers = (type: string) => ({ 'content-type': type, 'content-encoding': coding });

    it("decodes responses for callers of the provider's dialect and of others, complete and streamed", async () => {
      upstream.answer(bare(compress(Buffer.from(WHOLE)), headers('application/json')));
      const own = await openAi();
      expect([own.text, own.headers.get('content-encoding')]).toEqual([WHOLE, null]);
      expect((await anthropic()).text).toContain('the answer');
      upstream.answer(bare(compress(Buffer.from(STREAM)), headers('text/event-stream')));
      expect((await openAi({ stream: true, stream_options: { include_usage: true } })).text).toBe(STREAM);
      expect((await anthropic({ stream: true })).text).toContain('message_stop');
    });

    it('decodes refusals', async () => {
      const body = JSON.stringify({ error: { message: 'messages is missing', type: 'invalid_request_error' } });
      upstream.answer(bare(compress(Buffer.from(body)), headers('application/json'), 400));
      for (const answer of [await openAi(), await anthropic()]) {
        expect([answer.status, answer.text.includes('messages is missing')]).toEqual([400, true]);
      }
    });

    it('aborts decompression bombs', async () => {
      const bomb = compress(Buffer.alloc(32 * 1024 * 1024, ' '));
      upstream.answer(bare(bomb, headers('application/json')));
      const { status, code } = await openAi();
      expect([status, code]).toEqual([502, 'upstream_error']);
      upstream.answer(bare(compress(Buffer.from(': ping\n\n'.repeat(1_000_000))), headers('text/event-stream')));
      expect((await openAi({ stream: true })).status).toBe(502);
    });
  });

  describe.each([
    ['a content type in capitals', 'Application/JSON', 'Text/Event-Stream; Charset=UTF-8'],
    ['text/plain', 'text/plain', 'text/plain'],
    ['the content type of the other form', 'text/event-stream', 'application/json'],
    ['no content type', '', ''],
  ])('responses with %s', (_what, json, sse) => {
    const headers = (type: string) => (type === '' ? {} : { 'content-type': type });

    it('recognizes responses by their first bytes', async () => {
      upstream.answer(bare(WHOLE, headers(json)));
      const own = await openAi();
      expect([own.text, own.headers.get('content-type')]).toEqual([WHOLE, 'application/json']);
      expect((await anthropic()).text).toContain('the answer');
      upstream.answer(bare(STREAM, headers(sse)));
      const streamed = await openAi({ stream: true, stream_options: { include_usage: true } });
      expect([streamed.text, streamed.headers.get('content-type')?.split(';')[0]]).toEqual([STREAM, 'text/event-stream']);
      expect((await anthropic({ stream: true })).text).toContain('message_stop');
    });
  });

  it('accepts a response with a byte order mark or with the status 201', async () => {
    for (const how of [bare(`\ufeff${WHOLE}`, { 'content-type': 'application/json' }), whole(WHOLE, 201)]) {
      upstream.answer(how);
      const own = await openAi();
      expect([own.status, own.text]).toEqual([200, WHOLE]);
      expect((await anthropic()).status).toBe(200);
    }
    upstream.answer(events(`\ufeff${STREAM}`));
    expect((await anthropic({ stream: true })).text).toContain('message_stop');
    expect((await openAi({ stream: true, stream_options: { include_usage: true } })).text).toBe(STREAM);
  });

  it('converts a complete response to a stream when the caller requested a stream', async () => {
    upstream.answer(whole(WHOLE));
    const own = await openAi({ stream: true, stream_options: { include_usage: true } });
    expect(own.headers.get('content-type')).toContain('text/event-stream');
    for (const text of ['"the answer"', '"finish_reason":"stop"', '"total_tokens":12', 'data: [DONE]'])
      expect(own.text).toContain(text);
    const other = await anthropic({ stream: true });
    for (const text of ['message_start', 'the answer', '"stop_reason":"end_turn"', 'message_stop'])
      expect(other.text).toContain(text);
  });

  it('converts a stream to a complete response when the caller requested no stream', async () => {
    upstream.answer(events(STREAM));
    const own = await openAi();
    expect(own.json).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: 'the answer' }, finish_reason: 'stop' }],
      usage: { total_tokens: 12 },
    });
    expect((await anthropic()).json).toMatchObject({ content: [{ type: 'text', text: 'the answer' }], stop_reason: 'end_turn' });
    upstream.answer(events(chunk({ content: 'half' })));
    expect((await openAi()).status).toBe(502);
  });

  const failures: readonly [string, How, number][] = [
    ['an error object with status 200', whole(JSON.stringify({ error: { message: 'Provider returned error', code: 502 } })), 502],
    ['an error text with status 200', whole(JSON.stringify({ error: 'overloaded' })), 502],
    ['no choices', whole(JSON.stringify(completion('', { choices: [] }))), 502],
    ['a limit with status 200', whole(JSON.stringify({ error: { message: 'slow down', code: 429 } }), 200, AT_ONCE), 429],
    ['an error about our key with status 400', whole(JSON.stringify({ error: { message: 'API key not valid.' } }), 400), 502],
    ['a model that does not exist', whole(JSON.stringify({ error: { message: 'Model Not Exist' } }), 400), 400],
    ['a refusal of the content', whole(JSON.stringify({ error: { message: 'Content Exists Risk' } }), 400), 400],
    [
      'a refusal of the content with status 403',
      whole(JSON.stringify({ error: 'Content violates usage guidelines.' }), 403),
      403,
    ],
    [
      'a prompt that is too long, with status 500',
      whole(JSON.stringify({ error: 'the input length exceeds the context length' }), 500),
      400,
    ],
  ];

  it.each(failures)('treats a response as a failed attempt: %s', async (_what, how, status) => {
    upstream.answer((response, request) => (request.body.includes('"first"') ? how(response, request) : whole(WHOLE)(response)));
    for (const caller of [openAi, anthropic]) {
      for (const stream of [false, true]) {
        upstream.forget();
        const { text } = await caller({ stream }, 'two');
        expect([text.includes('the answer'), upstream.requests.length]).toEqual([true, 2]);
      }
    }
    upstream.answer(how);
    expect((await openAi()).status).toBe(status);
  });

  it.each([
    ['the first chunk', ''],
    ['a chunk after the role', chunk({ role: 'assistant', content: '' })],
  ])('falls back to another target when a stream fails before its content, in %s', async (_what, before) => {
    const failed = {
      choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
      error: { code: 429, message: 'x' },
    };
    const text = `${before}data: ${JSON.stringify(failed)}\n\ndata: [DONE]\n\n`;
    const how = bare(text, { 'content-type': 'text/event-stream', ...AT_ONCE });
    upstream.answer((response, request) =>
      request.body.includes('"first"') ? how(response, request) : events(STREAM)(response),
    );
    for (const caller of [openAi, anthropic]) {
      upstream.forget();
      const { text } = await caller({ stream: true }, 'two');
      expect([text.includes('answer'), upstream.requests.length]).toEqual([true, 2]);
    }
    upstream.answer(how);
    expect((await openAi({ stream: true })).status).toBe(429);
  });

  it('ends a stream that fails after its content with an error event, and sends no regular end', async () => {
    const error = `data: ${JSON.stringify({ error: { message: 'lost', code: 502 } })}\n\n`;
    upstream.answer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunk({ content: 'Hel' }));
      setTimeout(() => response.end(`${error}data: [DONE]\n\n`), 50);
    });
    const own = await openAi({ stream: true });
    expect(own.text).toContain('"upstream_truncated"');
    expect(own.text).not.toContain('[DONE]');
    const other = await anthropic({ stream: true });
    expect(other.text).toContain('event: error');
    expect(other.text).not.toMatch(/message_stop|end_turn/);
  });

  it.each<[string, How, boolean]>([
    ['an error with status 200', whole(JSON.stringify({ error: { message: 'x', code: 502 } })), false],
    ['an answer without content', whole(JSON.stringify(completion(''))), false],
    [
      'a stream without content',
      events(`${chunk({ role: 'assistant', content: '' })}${chunk({}, 'stop')}data: [DONE]\n\n`),
      true,
    ],
  ])('never caches %s', async (what, how, stream) => {
    const call = (): Promise<Answer> => ask(gateway.url, chat('up/m', what, { stream }), { key: KEY });
    upstream.answer(how);
    await call();
    upstream.answer(stream ? events(STREAM) : whole(WHOLE));
    const second = await call();
    expect([second.headers.get('x-sluice-cache'), second.text.includes('answer')]).toEqual(['miss', true]);
    await waitFor(async () => (await call()).headers.get('x-sluice-cache') === 'hit', 'the good answer in the cache');
  });

  it.each<[string, string | object]>([
    ['plain text', 'the reason'],
    ['vLLM', { object: 'error', message: 'the reason', type: 'BadRequestError', code: 400 }],
    ['FastAPI', { detail: [{ loc: ['body'], msg: 'the reason' }] }],
    ['Google', [{ error: { code: 400, message: 'the reason', status: 'INVALID_ARGUMENT' } }]],
    ['AWS', { Message: 'the reason' }],
  ])('passes the message of a refusal to a caller of another dialect: %s', async (_what, body) => {
    upstream.answer(whole(typeof body === 'string' ? body : JSON.stringify(body), 422));
    const { status, text } = await anthropic();
    expect([status, text.includes('the reason')]).toEqual([422, true]);
  });

  it('reports a prompt that is too long by the code and message that agents recognize', async () => {
    upstream.answer(
      whole(JSON.stringify({ object: 'error', message: "This model's maximum context length is 10 tokens." }), 400),
    );
    const { status, json } = await anthropic();
    const message = "prompt is too long: This model's maximum context length is 10 tokens.";
    expect([status, json['error']]).toEqual([400, { type: 'invalid_request_error', message, code: 'context_length_exceeded' }]);
    const responses = await ask(gateway.url, { model: 'up/m', input: 'x' }, { key: KEY, path: '/v1/responses', headers: fresh });
    expect([responses.status, responses.code]).toEqual([400, 'context_length_exceeded']);
  });

  it('waits for the first content while comments and pings arrive', async () => {
    let pings = 0;
    upstream.answer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => {
        response.write(++pings % 2 === 0 ? ': ping\n\n' : chunk({ role: 'assistant', content: '' }));
        if (pings < 8) return;
        clearInterval(timer);
        response.end(STREAM);
      }, 300);
    });
    expect((await openAi({ stream: true }, 'quick')).text).toContain('answer');
    // without further signals the gateway stops waiting
    upstream.answer((response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': ping\n\n'));
    expect((await openAi({ stream: true }, 'quick')).code).toBe('upstream_timeout');
  });

  it('accepts tool calls in the forms of compatible servers', async () => {
    const tools = { tools: [{ name: 'f', input_schema: { type: 'object' } }] };
    const call = (more: object) =>
      whole(
        JSON.stringify(completion(null, { choices: [{ index: 0, message: { content: null, ...more }, finish_reason: 'stop' }] })),
      );
    upstream.answer(
      call({ tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }, { function: { name: 'g', arguments: '' } }] }),
    );
    const { content, stop_reason } = (await anthropic(tools)).json as { content: { id: string }[]; stop_reason: string };
    expect(content).toMatchObject([
      { type: 'tool_use', name: 'f', input: { a: 1 } },
      { type: 'tool_use', name: 'g', input: {} },
    ]);
    expect([stop_reason, new Set(content.map(({ id }) => id)).size]).toEqual(['tool_use', 2]);
    upstream.answer(call({ function_call: { name: 'f', arguments: '{"x":1}' } }));
    expect((await anthropic(tools)).json).toMatchObject({ content: [{ name: 'f', input: { x: 1 } }], stop_reason: 'tool_use' });
  });

  it('passes images to a caller of each dialect', async () => {
    const images = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }];
    const choices = [{ index: 0, message: { role: 'assistant', content: 'here', images }, finish_reason: 'stop' }];
    upstream.answer(whole(JSON.stringify(completion('', { choices }))));
    for (const stream of [false, true]) {
      expect((await anthropic({ stream })).text).toContain('data:image/png;base64,AAAA');
      const responses = await ask(
        gateway.url,
        { model: 'up/m', input: 'x', stream },
        { key: KEY, path: '/v1/responses', headers: fresh },
      );
      expect(responses.text).toContain('"result":"AAAA"');
      const action = stream ? 'streamGenerateContent?alt=sse' : 'generateContent';
      const contents = [{ role: 'user', parts: [{ text: 'x' }] }];
      const gemini = await ask(gateway.url, { contents }, { key: KEY, path: `/v1beta/models/quick:${action}`, headers: fresh });
      expect(gemini.text).toContain('"inlineData":{"mimeType":"image/png","data":"AAAA"}');
    }
  });
});
