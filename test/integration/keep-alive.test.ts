import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import type { Gateway } from '@sluice/gateway';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-the-keep-alive';

/** A stream of each dialect: its first event and its rest. */
const CHAT = [
  'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"one"},"finish_reason":null}]}\n\n',
  'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":" two"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
] as const;
const GEMINI = [
  'data: {"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"one"}]}}]}\r\n\r\n',
  'data: {"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":" two"}]},"finishReason":"STOP"}]}\r\n\r\n',
] as const;

describe('streams with a silent provider', () => {
  const upstreams: ScriptedUpstream[] = [];
  let gateway: Gateway;
  /** Sends the rest of the stream that is in flight. */
  let goOn: () => void = () => {};
  beforeAll(async () => {
    for (const [first, rest] of [CHAT, GEMINI]) {
      const upstream = await startScriptedUpstream();
      upstream.answer((response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(first);
        goOn = () => response.end(rest);
      });
      upstreams.push(upstream);
    }
    const [chat, gemini] = upstreams.map(({ baseUrl }) => baseUrl) as [string, string];
    gateway = await startGateway({
      config: {
        providers: { chat: { baseUrl: chat }, gemini: { dialect: 'gemini', baseUrl: gemini } },
        keys: [{ name: 'keep-alive', secret: KEY }],
        streams: { heartbeat: '20ms' },
      },
    });
  });
  afterAll(async () => {
    await gateway.close(0);
    await Promise.all(upstreams.map((upstream) => upstream.close()));
  });

  /** Returns a stream's text. The provider sends the rest after a pause of several heartbeats. */
  const read = async (path: string, body: object, keepAlive: RegExp): Promise<string> => {
    const response = await fetch(gateway.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    let text = '';
    const reading = (async () => {
      for await (const piece of response.body ?? []) text += new TextDecoder().decode(piece);
    })();
    await waitFor(() => keepAlive.test(text), 'signs of life');
    goOn();
    await reading;
    return text;
  };

  it.each(['gemini', 'chat'])(
    "sends a caller of Gemini's dialect only empty lines as keep-alive, for a provider of %s",
    async (provider) => {
      const contents = [{ role: 'user', parts: [{ text: 'hi' }] }];
      const path = `/v1beta/models/${provider}/m:streamGenerateContent?alt=sse`;
      const text = await read(path, { contents }, /one[^\n]*\r?\n\r?\n\n{3}/);
      // google-genai for Python reads a stream so: each line that is not empty is JSON, with or without `data: `
      const lines = text.split(/\r?\n/).filter((line) => line !== '');
      expect(lines.length).toBeGreaterThanOrEqual(2);
      for (const line of lines) expect(() => JSON.parse(line.replace(/^data: /, ''))).not.toThrow();
      expect(text).toContain(' two');
    },
  );

  it.each(['chat', 'gemini'])(
    'sends callers of other dialects comments as keep-alive, for a provider of %s',
    async (provider) => {
      const messages = [{ role: 'user', content: 'hi' }];
      const text = await read(
        '/v1/chat/completions',
        { model: `${provider}/m`, messages, stream: true },
        /(: keep-alive\n\n){3}/,
      );
      expect(text).toContain(' two');
    },
  );
});
