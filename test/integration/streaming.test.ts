import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-streams';
const chunk = (content: string) =>
  `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}},"finish_reason":null}],"usage":null}\n\n`;
const STOP =
  'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}\n\n';
const USAGE =
  'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}}\n\n';
const DONE = 'data: [DONE]\n\n';

describe('streams', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    gateway = await startGateway({
      config: {
        providers: {
          up: { baseUrl: upstream.baseUrl, apiKey: 'the-providers-key' },
          impatient: { baseUrl: upstream.baseUrl, apiKey: 'the-providers-key', idleTimeout: '300ms' },
        },
        models: {
          m: { targets: [{ provider: 'up', model: 'm', price: { input: 1_000, output: 1_000 } }] },
          // only for streams that stall: on a busy machine other streams would exceed the idle timeout too
          impatient: { targets: [{ provider: 'impatient', model: 'm' }] },
        },
        keys: [{ name: 'streams', secret: KEY }],
        cache: { exact: { ttl: '1h' } },
        // each of these calls fails on purpose, one after the other
        resilience: { retries: { max: 0 }, breaker: { consecutive: 1_000, minimum: 1_000 } },
      },
    });
  });
  afterAll(async () => {
    await gateway.close(0);
    await upstream.close();
  });

  const open = (content: string, more: object = {}, signal: AbortSignal | null = null, model = 'm') =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(chat(model, content, { stream: true, ...more })),
      signal,
    });
  const lastRequest = () => upstream.requests.at(-1);
  const read = async (reader: ReadableStreamDefaultReader<Uint8Array>) =>
    Buffer.from((await reader.read()).value ?? []).toString('utf8');
  /** Returns the upstream's side of the next stream. */
  const opened = () =>
    new Promise<ServerResponse>((resolve) => {
      upstream.answer((response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.flushHeaders();
        resolve(response);
      });
    });

  it('forwards each event before the next is sent', async () => {
    const opening = opened();
    const answered = open('piece by piece');
    const sending = await opening;
    sending.write(chunk('one'));
    const reader = ((await answered).body as ReadableStream<Uint8Array>).getReader();
    expect(await read(reader)).toBe(chunk('one'));
    // each event is sent only after the client has read the previous event
    for (const event of [chunk('two'), chunk('three'), STOP, DONE]) {
      sending.write(event);
      expect(await read(reader)).toBe(event);
    }
    sending.end();
    expect((await reader.read()).done).toBe(true);
  });

  it('sends no status before the first content of a stream', async () => {
    const opening = opened();
    let answered = false;
    const answer = open('role first').then((response) => {
      answered = true;
      return response;
    });
    const sending = await opening;
    const role =
      'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n';
    await new Promise((resolve) => sending.write(role, resolve));
    // the gateway has had turns of its event loop to process it
    for (let turn = 0; turn < 10; turn++) await (await fetch(`${gateway.url}/livez`)).text();
    expect(answered).toBe(false);
    sending.write(chunk('said'));
    const response = await answer;
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('x-sluice-provider')).toBe('up');
    sending.end(STOP + DONE);
    expect(await response.text()).toBe(role + chunk('said') + STOP + DONE);
  });

  it.each([
    ['reports that it is overloaded', 'data: {"error":{"message":"secret detail","code":503}}\n\n', 502, 'upstream_error'],
    ['reports a rate limit', 'data: {"error":{"message":"secret detail","code":429}}\n\n', 429, 'rate_limit_exceeded'],
    ['ends without any event', '', 502, 'upstream_error'],
    ['ends after a role', 'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n', 502, 'upstream_error'],
  ])('returns an error status for a stream that %s before any content', async (what, text, status, code) => {
    upstream.answer(events(text));
    const answer = await ask(gateway.url, chat('m', what, { stream: true }), { key: KEY });
    expect([answer.status, answer.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.text).not.toContain('secret');
  });

  it('stops waiting for a stream that reports an error first and stays open', async () => {
    upstream.answer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"error":{"message":"x","code":500}}\n\n');
    });
    const answer = await ask(gateway.url, chat('m', 'open error', { stream: true }), { key: KEY });
    expect([answer.status, answer.code]).toEqual([502, 'upstream_error']);
  });

  it.each([
    ['hides usage that the client did not ask for, and asks the provider for it', {}, chunk('x') + STOP + DONE, true],
    [
      'shows usage that the client asked for',
      { stream_options: { include_usage: true } },
      chunk('x') + STOP + USAGE + DONE,
      true,
    ],
    [
      'keeps the client’s other options',
      { stream_options: { include_usage: false, include_obfuscation: false } },
      chunk('x') + STOP + DONE,
      true,
    ],
  ])('%s', async (what, more, shown, asked) => {
    upstream.answer(events(chunk('x') + STOP + USAGE + DONE));
    const answer = await open(what, more);
    expect(await answer.text()).toBe(shown);
    const sent = JSON.parse(lastRequest()?.body ?? '') as { stream_options: Record<string, unknown> };
    expect(sent.stream_options['include_usage']).toBe(asked);
    if (what.includes('other')) expect(sent.stream_options['include_obfuscation']).toBe(false);
  });

  it('hides usage wherever the bytes are split, and accounts for it', async () => {
    const text = Buffer.from(chunk('süß 🚰') + STOP + USAGE + DONE);
    const outputTokens = async () => {
      const { json } = await askAdmin(gateway.adminUrl, ADMIN_KEY, 'GET', '/stats');
      return (json as { providers: { up: { outputTokens: number } } }).providers.up.outputTokens;
    };
    const before = await outputTokens();
    for (const cut of [1, 40, 200, 350, 500, text.length - 20]) {
      upstream.answer((response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(text.subarray(0, cut), () => setImmediate(() => response.end(text.subarray(cut))));
      });
      expect(await (await open(`cut at ${cut}`)).text()).toBe(chunk('süß 🚰') + STOP + DONE);
    }
    expect((await outputTokens()) - before).toBe(6 * 5);
  });

  it('aborts the stream at the provider when its client disconnects', async () => {
    const opening = opened();
    const leaving = new AbortController();
    const answered = open('left', {}, leaving.signal);
    const sending = await opening;
    sending.write(chunk('one'));
    const response = await answered;
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await read(reader);
    const gone = once(sending, 'close');
    leaving.abort();
    await gone;
    await reader.read().catch(() => {});
  });

  it('aborts the provider call when its client disconnects before the response head', async () => {
    let gone: Promise<unknown> | undefined;
    const asked = new Promise<void>((resolve) => {
      upstream.answer((response) => {
        gone = once(response, 'close');
        resolve();
      });
    });
    const leaving = new AbortController();
    const failed = open('left early', {}, leaving.signal).catch((error: Error) => error.name);
    await asked;
    leaving.abort();
    await gone;
    expect(await failed).toBe('AbortError');
  });

  it.each([
    ['ends without its finish reason', (response: ServerResponse) => void response.end()],
    ['is reset', (response: ServerResponse) => void response.socket?.resetAndDestroy()],
    ['stalls', () => {}],
    [
      'reports an error',
      (response: ServerResponse) => void response.end('data: {"error":{"message":"secret detail of the provider"}}\n\n'),
    ],
  ])('ends a stream that %s with an error event and without [DONE]', async (what, breakOff) => {
    const opening = opened();
    const answered = open(`broken: ${what}`, {}, null, what === 'stalls' ? 'impatient' : 'm');
    const sending = await opening;
    sending.write(chunk('half'));
    const response = await answered;
    expect(response.status).toBe(200);
    breakOff(sending);
    const text = await response.text();
    expect(text.startsWith(chunk('half'))).toBe(true);
    expect(text).not.toContain('[DONE]');
    const last = JSON.parse(text.trimEnd().split('\n\n').at(-1)?.slice('data: '.length) ?? '') as {
      error: Record<string, unknown>;
    };
    expect(last.error['code']).toMatch(/^upstream_(truncated|timeout)$/);
    expect(last.error['partial']).toBe(true);
    expect(last.error['request_id']).toBe(response.headers.get('x-request-id'));
  });

  it('caches no broken stream, and serves a completed stream from the cache as a stream', async () => {
    upstream.answer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk('half'));
    });
    await (await open('kept or not', {}, null, 'impatient')).text();
    upstream.answer(events(chunk('whole') + STOP + USAGE + DONE));
    const second = await open('kept or not', {}, null, 'impatient');
    expect(second.headers.get('x-sluice-cache')).toBe('miss');
    const text = await second.text();
    expect(text).toBe(chunk('whole') + STOP + DONE);
    upstream.answer(whole('{}', 500));
    const third = await open('kept or not', {}, null, 'impatient');
    expect(third.headers.get('x-sluice-cache')).toBe('hit');
    expect(await third.text()).toBe(text);
  });

  it('returns a complete error for a stream that is refused before it begins', async () => {
    upstream.answer(
      whole(
        '{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}',
        400,
      ),
    );
    const answer = await ask(gateway.url, chat('m', 'refused', { stream: true }), { key: KEY });
    expect([answer.status, answer.code]).toEqual([400, 'context_length_exceeded']);
  });

  it('pauses its provider while its client does not read', async () => {
    const opening = opened();
    const answered = open('slow reader');
    const sending = await opening;
    sending.write(chunk('first'));
    const response = await answered;
    let sent = 0;
    // sockets and gateway take a limited amount without waiting
    const piece = chunk('x'.repeat(64 * 1024));
    let held = false;
    while (!held && sent <= 64 * 1024 * 1024) {
      while (sending.write(piece)) sent += piece.length;
      sent += piece.length;
      let drained = false;
      sending.once('drain', () => {
        drained = true;
      });
      // gives the gateway turns of its event loop to take more
      for (let turn = 0; turn < 50 && !drained; turn++) await (await fetch(`${gateway.url}/livez`)).text();
      held = !drained;
    }
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    sending.end(STOP + DONE);
    const text = await response.text();
    expect(text.length).toBe(chunk('first').length + sent + (STOP + DONE).length);
  });
});
