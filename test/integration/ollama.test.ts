import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import type { Gateway } from '@sluice/gateway';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-ollama';

/** Anthropic's events of a response of two words. */
const CLAUDE = [
  {
    type: 'message_start',
    message: { id: 'm', role: 'assistant', model: 'c', content: [], usage: { input_tokens: 3, output_tokens: 1 } },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'one' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' two' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } },
  { type: 'message_stop' },
].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);

describe('Ollama’s API', () => {
  let claude: ScriptedUpstream;
  let chat: ScriptedUpstream;
  let gateway: Gateway;
  beforeAll(async () => {
    [claude, chat] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
    gateway = await startGateway({
      config: {
        providers: {
          anthropic: { baseUrl: claude.baseUrl },
          chat: { baseUrl: chat.baseUrl },
        },
        models: {
          claude: { targets: [{ provider: 'anthropic', model: 'claude-haiku-4-5' }] },
          'small:1b': { targets: [{ provider: 'chat', model: 'm' }] },
        },
        keys: [
          { name: 'ollama', secret: KEY },
          { name: 'one', secret: `${KEY}-one`, models: ['small:1b'] },
        ],
        resilience: { retries: { max: 0 } },
        streams: { heartbeat: '20ms' },
      },
    });
  });
  beforeEach(() => {
    claude.forget();
    chat.forget();
  });
  afterAll(async () => {
    await gateway.close(0);
    await Promise.all([claude.close(), chat.close()]);
  });
  const send = (path: string, body?: object, key = KEY, more: RequestInit = {}) =>
    fetch(gateway.url + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${key}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...more,
    });
  const messages = [{ role: 'user', content: 'hi' }];
  const linesOf = (text: string): Record<string, unknown>[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('streams lines of JSON from a model of another dialect', async () => {
    claude.answer(events(CLAUDE.join('')));
    const response = await send('/api/chat', { model: 'claude', messages });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = linesOf(await response.text());
    expect(lines).toMatchObject([
      { model: 'claude', message: { role: 'assistant', content: 'one' }, done: false },
      { message: { content: ' two' }, done: false },
      { message: { content: '' }, done: true, done_reason: 'stop', prompt_eval_count: 3, eval_count: 5 },
    ]);
    expect(JSON.parse(claude.requests[0]?.body ?? '')).toMatchObject({ model: 'claude-haiku-4-5', stream: true });
  });

  it('ends a stream that breaks off with a line that has the error', async () => {
    claude.answer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(CLAUDE.slice(0, 3).join(''), () => response.destroy());
    });
    const lines = linesOf(await (await send('/api/chat', { model: 'claude', messages })).text());
    expect(lines).toEqual([expect.objectContaining({ done: false }), { error: expect.any(String) }]);
  });

  it('keeps a stream alive with bytes that no client reads as a line', async () => {
    let goOn = (): void => {};
    claude.answer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(CLAUDE.slice(0, 3).join(''));
      goOn = () => response.end(CLAUDE.slice(3).join(''));
    });
    const response = await send('/api/chat', { model: 'claude', messages });
    let text = '';
    for await (const piece of response.body ?? []) {
      text += new TextDecoder().decode(piece);
      if (text.endsWith('   ')) goOn();
    }
    expect(text).toMatch(/\n {3}/);
    // each line is JSON, as Ollama's clients read it
    expect(linesOf(text)).toHaveLength(3);
  });

  it('aborts the provider call when its client disconnects', async () => {
    let closed = false;
    claude.answer((response) => {
      response.on('close', () => {
        closed = true;
      });
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(CLAUDE.slice(0, 3).join(''));
    });
    const leaving = new AbortController();
    const response = await send('/api/chat', { model: 'claude', messages }, KEY, { signal: leaving.signal });
    await response.body?.getReader().read();
    leaving.abort();
    await waitFor(() => closed, 'the end of the request');
  });

  it('serves complete responses of generate and embed', async () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    const choices = [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }];
    chat.answer(whole(JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices, usage })));
    const generated = await send('/api/generate', { model: 'small:1b', prompt: 'hi', stream: false });
    expect(await generated.json()).toMatchObject({ model: 'small:1b', response: 'hello', done: true, eval_count: 2 });
    expect(JSON.parse(chat.requests[0]?.body ?? '')).toEqual({ model: 'm', messages, stream: false });
    chat.answer(
      whole(
        JSON.stringify({ object: 'list', data: [{ index: 0, embedding: [1, 2] }], usage: { prompt_tokens: 1, total_tokens: 1 } }),
      ),
    );
    const embedded = await send('/api/embed', { model: 'small:1b', input: ['hi'] });
    expect(await embedded.json()).toMatchObject({ model: 'small:1b', embeddings: [[1, 2]], prompt_eval_count: 1 });
  });

  it('lists the models that the key may use', async () => {
    const names = async (key: string) =>
      ((await (await send('/api/tags', undefined, key)).json()) as { models: { name: string }[] }).models.map(({ name }) => name);
    expect(await names(KEY)).toEqual(expect.arrayContaining(['claude', 'small:1b']));
    expect(await names(`${KEY}-one`)).toEqual(['small:1b']);
    expect(await (await fetch(`${gateway.url}/api/version`)).json()).toEqual({ version: expect.any(String) });
  });

  it.each([
    ['a wrong key', { model: 'claude', messages }, 'wrong-key', 401, 'API key'],
    ['a model that the key may not use', { model: 'claude', messages }, `${KEY}-one`, 403, 'may not use'],
    ['an unknown model', { model: 'nothing', messages }, KEY, 404, 'nothing'],
    ['an invalid field', { model: 'claude', messages: 'x' }, KEY, 400, "'messages'"],
  ])("writes the error of %s in Ollama's form", async (_what, body, key, status, text) => {
    const response = await send('/api/chat', body, key);
    expect([response.status, await response.json()]).toEqual([status, { error: expect.stringContaining(text) }]);
  });

  it("writes a provider's refusal in Ollama's form", async () => {
    chat.answer(whole('{"error":{"message":"too long","type":"invalid_request_error"}}', 400));
    const response = await send('/api/chat', { model: 'small:1b', messages, stream: false });
    expect([response.status, await response.json()]).toEqual([400, { error: 'too long' }]);
  });
});
