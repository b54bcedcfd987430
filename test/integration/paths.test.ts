import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { AzureOpenAI } from 'openai';
import { sendRaw } from '../support/raw-request.ts';
import { type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-the-paths';
const ANSWER = JSON.stringify({
  id: 'c1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
});
const MESSAGES = [{ role: 'user' as const, content: 'hi' }];

describe('paths', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    gateway = await startGateway({
      config: {
        providers: { up: { baseUrl: upstream.baseUrl, apiKey: 'sk-of-the-provider' } },
        models: {
          'team/alias': { targets: [{ provider: 'up', model: 'm' }] },
          other: { targets: [{ provider: 'up', model: 'o' }] },
        },
        keys: [
          { name: 'paths', secret: KEY },
          { name: 'routed', secret: `${KEY}-routed`, routes: ['/v1/messages'] },
        ],
      },
    });
  });
  beforeEach(() => {
    upstream.forget();
    upstream.answer(whole(ANSWER));
  });
  afterAll(async () => {
    await gateway.close(0);
    await upstream.close();
  });
  const send = async (method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
    const response = await fetch(`${gateway.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, headers: response.headers };
  };
  const contents = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };

  it('refuses responses over a WebSocket with 426, so that clients continue over HTTP', async () => {
    const upgrade = ['connection: upgrade', 'upgrade: websocket', 'sec-websocket-version: 13'];
    const key = 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==';
    const lines = ['GET /v1/responses HTTP/1.1', 'host: x', `authorization: Bearer ${KEY}`, key, ...upgrade, '', ''];
    const { status, body } = await sendRaw(gateway.url, [lines.join('\r\n')]);
    expect([status, JSON.parse(body)]).toMatchObject([426, { error: { code: 'upgrade_required' } }]);
    expect((await send('GET', '/v1/responses')).status).toBe(405);
  });

  it.each(['/v1/models/team%2Falias', '/v1/models/team/alias', '/v1/models/up%2Fany', '/v1beta/models/team%2falias'])(
    'finds the model of GET %s',
    async (path) => {
      const { status, text } = await send('GET', path);
      expect([status, text]).toEqual([200, expect.stringMatching(/team\/alias|up\/any/)]);
    },
  );

  it.each([
    '/v1beta/models/team%2Falias:generateContent',
    '/v1beta/models/team%2Falias%3AgenerateContent',
    '/v1alpha/models/team/alias:generateContent',
    '/v1beta1/publishers/google/models/team%2Falias:generateContent',
    '/v1beta1/projects/p/locations/l/publishers/google/models/team%2Falias:generateContent',
  ])("returns Gemini's form for POST %s", async (path) => {
    const { status, text } = await send('POST', path, contents);
    expect([status, text]).toEqual([200, expect.stringContaining('"candidates"')]);
    expect(upstream.requests.at(-1)?.body).toContain('"model":"m"');
  });

  it.each(['/v1/%63hat/completions', '/openai/v1/chat/completions', '/v1beta/openai/chat/completions'])(
    "treats POST %s as the route /v1/chat/completions, also for a key's routes",
    async (path) => {
      const body = { model: 'team/alias', messages: MESSAGES };
      expect((await send('POST', path, body)).status).toBe(200);
      expect(upstream.requests.at(-1)?.path).toBe('/v1/chat/completions');
      const refused = await send('POST', path, body, { authorization: `Bearer ${KEY}-routed` });
      expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('POST /v1/chat/completions')]);
    },
  );

  describe("paths of Azure's clients", () => {
    it('takes the model of an Azure client from the path, and its key from the header api-key', async () => {
      const client = new AzureOpenAI({
        endpoint: gateway.url,
        apiKey: KEY,
        apiVersion: '2024-10-21',
        deployment: 'team/alias',
        maxRetries: 0,
      });
      const { choices } = await client.chat.completions.create({ model: 'ignored', messages: MESSAGES });
      expect(choices[0]?.message.content).toBe('hi');
      expect(JSON.parse(upstream.requests.at(-1)?.body ?? '')).toMatchObject({ model: 'm' });
    });

    it.each([
      ['without a model in the body', '{"messages":[{"role":"user","content":"hi"}]}'],
      ['with another model in the body', '{"messages":[{"role":"user","content":"hi"}],"model":"other"}'],
    ])('serves an Azure client %s', async (_how, body) => {
      const response = await fetch(`${gateway.url}/openai/deployments/team%2Falias/chat/completions?api-version=2024-10-21`, {
        method: 'POST',
        headers: { 'api-key': KEY, 'content-type': 'application/json' },
        body,
      });
      expect(response.status).toBe(200);
      const { path, body: sent } = upstream.requests.at(-1) ?? {};
      expect([path, JSON.parse(sent ?? '')]).toEqual(['/v1/chat/completions', { model: 'm', messages: MESSAGES }]);
    });

    it("refuses an Azure client's unknown model, and a body that is not an object", async () => {
      const path = '/openai/deployments/nothing/chat/completions';
      expect((await send('POST', path, { messages: MESSAGES })).status).toBe(404);
      expect((await send('POST', '/openai/deployments/other/chat/completions', [1])).status).toBe(400);
      expect(upstream.requests).toEqual([]);
    });
  });

  it.each([
    ['POST', '/v1/chat/completions/', '/v1/chat/completions'],
    ['POST', '/v1/v1/chat/completions', '/v1/chat/completions'],
    ['POST', '/chat/completions', '/v1/chat/completions'],
    ['POST', '/v1/chat/completions/chat/completions', '/v1/chat/completions'],
    ['POST', '/v1/v1/messages', '/v1/messages'],
    ['GET', '/v1/models/', '/v1/models'],
    ['GET', '/models', '/v1/models'],
    ['POST', '/v1/v1beta/models/x:generateContent', '/v1beta/models/x:generateContent'],
  ])('names the right path in the error for %s %s', async (method, path, right) => {
    const { status, text } = await send(method, path, method === 'POST' ? {} : undefined);
    expect([status, text]).toEqual([404, expect.stringContaining(`Use ${right}.`)]);
    const unsigned = await fetch(gateway.url + path, { method });
    expect([unsigned.status, await unsigned.text()]).toEqual([404, expect.stringContaining(`Use ${right}.`)]);
    expect(upstream.requests).toEqual([]);
  });

  it('names the duplicate slash that a base URL causes', async () => {
    const { status, text } = await send('POST', '/v1//chat/completions', {});
    expect([status, text]).toEqual([400, expect.stringContaining('base URL')]);
  });

  it('serves HEAD and GET of the root without a key', async () => {
    const response = await fetch(gateway.url);
    expect([response.status, await response.json()]).toEqual([
      200,
      { name: 'sluice', version: expect.stringMatching(/^\d+\.\d+\.\d+$/), docs: expect.any(String) },
    ]);
    const head = await sendRaw(gateway.url, ['HEAD / HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n']);
    expect([head.status, head.body]).toEqual([200, '']);
  });
});
