import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import type { Gateway } from '@sluice/gateway';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-a-patient-caller';
const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const ANSWER = events(`${chunk({ content: 'at last' })}${chunk({}, 'stop')}data: [DONE]\n\n`);
type Answer = ReturnType<typeof whole>;

describe('streams with a slow first response', () => {
  let first: ScriptedUpstream;
  let second: ScriptedUpstream;
  let gateway: Gateway;
  /** Sends the delayed response. */
  let goOn: () => void = () => {};
  beforeAll(async () => {
    [first, second] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
    gateway = await startGateway({
      config: {
        providers: {
          first: { dialect: 'openai-chat', baseUrl: first.baseUrl },
          second: { dialect: 'openai-chat', baseUrl: second.baseUrl },
        },
        models: {
          both: {
            strategy: 'priority',
            targets: [
              { provider: 'first', model: 'm' },
              { provider: 'second', model: 'm' },
            ],
          },
        },
        resilience: { retries: { max: 0 } },
        keys: [{ name: 'patient', secret: KEY }],
        streams: { heartbeat: '20ms', headersAfter: '20ms' },
      },
    });
  });
  afterAll(async () => {
    await gateway.close(0);
    await Promise.all([first.close(), second.close()]);
  });
  beforeEach(() => {
    first.forget();
    second.answer(ANSWER);
  });
  const later = (answer: Answer): void =>
    first.answer((response) => {
      goOn = () => void answer(response);
    });

  const ask = (path: string, body: object, key = KEY) =>
    fetch(gateway.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  /** Reads a response that sends the keep-alive signals before its content. */
  async function read(response: Response, alive: RegExp): Promise<string> {
    let text = '';
    const reading = (async () => {
      for await (const piece of response.body ?? []) text += new TextDecoder().decode(piece);
    })();
    await waitFor(() => alive.test(text), 'signs of life');
    goOn();
    await reading;
    return text;
  }
  const messages = [{ role: 'user', content: 'hi' }];
  const contents = [{ role: 'user', parts: [{ text: 'hi' }] }];

  it.each([
    ['/v1/chat/completions', { messages }, /^(: keep-alive\n\n){3}/, 'text/event-stream'],
    ['/v1/responses', { input: 'hi' }, /^(: keep-alive\n\n){3}/, 'text/event-stream'],
    ['/v1/messages', { messages, max_tokens: 9 }, /^(event: ping\ndata: \{"type": "ping"\}\n\n){3}/, 'text/event-stream'],
    ['/v1beta/models/first/m:streamGenerateContent?alt=sse', { contents }, /^\n{3}/, 'text/event-stream'],
    ['/v1beta/models/first/m:streamGenerateContent', { contents }, /^ {3}/, 'application/json'],
  ])('begins a stream with headers and keep-alive signals at %s', async (path, body, alive, contentType) => {
    later(ANSWER);
    const response = await ask(path, path.startsWith('/v1beta') ? body : { model: 'first/m', stream: true, ...body });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain(contentType);
    expect(response.headers.get('x-request-id')).not.toBeNull();
    const text = await read(response, alive);
    expect(text).toContain('at last');
    if (contentType === 'application/json') expect(JSON.parse(text)).toBeInstanceOf(Array);
  });

  it("keeps Anthropic's SDK reading a stream with a slow first event", async () => {
    later(ANSWER);
    const anthropic = new Anthropic({ baseURL: gateway.url, apiKey: KEY, maxRetries: 0 });
    setTimeout(() => goOn(), 150);
    const stream = anthropic.messages.stream({ model: 'first/m', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] });
    expect(await stream.finalText()).toBe('at last');
  });

  it.each([
    ['/v1/chat/completions', { messages }, 'text/event-stream'],
    ['/v1/messages', { messages, max_tokens: 9 }, 'text/event-stream'],
    ['/v1beta/models/first/m:streamGenerateContent', { contents }, 'application/json'],
  ])('ends a stream with the error of its dialect at %s, and sends no regular end', async (path, body, contentType) => {
    later(whole(JSON.stringify({ error: { message: 'messages: too odd', type: 'invalid_request_error' } }), 400));
    const response = await ask(path, path.startsWith('/v1beta') ? body : { model: 'first/m', stream: true, ...body });
    const text = await read(response, /ping|keep-alive|^ /);
    expect(text).toContain('too odd');
    expect(text).not.toContain('[DONE]');
    if (contentType === 'application/json') expect(JSON.parse(text)).toMatchObject([{ error: { message: 'messages: too odd' } }]);
  });

  it('still falls back to another provider after keep-alive signals', async () => {
    later(whole('{}', 500));
    const response = await ask('/v1/chat/completions', { model: 'both', stream: true, messages });
    expect(await read(response, /(: keep-alive\n\n){2}/)).toContain('at last');
    expect(second.requests.length).toBeGreaterThan(0);
  });

  it('ends a stream with an error when every provider fails', async () => {
    later(whole('{}', 500));
    const response = await ask('/v1/chat/completions', { model: 'first/m', stream: true, messages });
    const text = await read(response, /(: keep-alive\n\n){2}/);
    expect(text).toContain('upstream_error');
    expect(text).not.toContain('[DONE]');
  });

  it('returns the real status of a stream refused before any provider call, and of a response that is not a stream', async () => {
    const refused = await ask('/v1/chat/completions', { model: 'first/m', stream: true, messages }, 'no-key');
    expect(refused.status).toBe(401);
    const completion = {
      id: 'c',
      choices: [{ index: 0, message: { role: 'assistant', content: 'whole' }, finish_reason: 'stop' }],
    };
    later(whole(JSON.stringify(completion)));
    setTimeout(() => goOn(), 100);
    const response = await ask('/v1/chat/completions', { model: 'first/m', messages });
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.text()).toContain('whole');
  });

  it('aborts the provider call when the client disconnects before the first content', async () => {
    let closed = false;
    first.answer((response) => {
      response.on('close', () => {
        closed = true;
      });
    });
    const leaving = new AbortController();
    const body = JSON.stringify({ model: 'first/m', stream: true, messages });
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
    const response = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body, signal: leaving.signal });
    expect(response.status).toBe(200);
    leaving.abort();
    await waitFor(() => closed, 'the end of the call');
  });
});
