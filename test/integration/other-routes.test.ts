import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import type { Gateway } from '@sluice/gateway';
import OpenAI, { toFile } from 'openai';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-the-other-routes';

describe('routes that are passed through unread', () => {
  let upstream: ScriptedUpstream;
  let second: ScriptedUpstream;
  /** An upstream that counts the bytes of a request as they arrive. */
  let watched: Server;
  const seen: { bytes: number; request: IncomingMessage | undefined } = { bytes: 0, request: undefined };
  let gateway: Gateway;
  let openai: OpenAI;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    second = await startScriptedUpstream();
    watched = createServer((request, response) => {
      seen.request = request;
      request.on('data', (chunk: Buffer) => {
        seen.bytes += chunk.length;
      });
      request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"text":"heard"}'));
    });
    await new Promise<void>((resolve) => watched.listen(0, '127.0.0.1', () => resolve()));
    const { port } = watched.address() as AddressInfo;
    gateway = await startGateway({
      config: {
        providers: {
          openai: { baseUrl: upstream.baseUrl, apiKey: 'sk-of-openai' },
          other: { type: 'openai', baseUrl: second.baseUrl, apiKey: 'sk-of-the-other' },
          watched: { baseUrl: `http://127.0.0.1:${port}/v1`, routes: ['audio'] },
        },
        models: { 'safe-words': { targets: [{ provider: 'other', model: 'omni-moderation-latest' }] } },
        keys: [
          { name: 'all', secret: KEY, tenant: 'one', routes: ['/v1/*'] },
          { name: 'another', secret: `${KEY}-another`, tenant: 'two', routes: ['/v1/*'] },
          { name: 'unnamed', secret: `${KEY}-unnamed` },
          { name: 'paid', secret: `${KEY}-paid`, routes: ['/v1/*'], budget: '5 USD' },
          { name: 'serves', secret: `${KEY}-serves`, budget: '5 USD', limits: { unpriced: 'serve' } },
          { name: 'some', secret: `${KEY}-some`, models: ['safe-words'], routes: ['/v1/*'] },
          { name: 'few', secret: `${KEY}-few`, routes: ['/v1/files'], limits: { requests: '1/h' } },
        ],
        limits: { body: '64KiB' },
      },
    });
    openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY, maxRetries: 0 });
  });
  afterAll(async () => {
    await gateway.close(0);
    await Promise.all([upstream.close(), second.close()]);
    watched.close();
    watched.closeAllConnections();
  });
  const as = (suffix: string) => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: `${KEY}-${suffix}`, maxRetries: 0 });

  it("routes a request to the provider of the model in its body, under the provider's own model name", async () => {
    second.answer(whole('{"id":"modr-1","model":"omni-moderation-latest","results":[]}'));
    const { data, response } = await openai.moderations.create({ model: 'safe-words', input: 'x' }).withResponse();
    expect(data.id).toBe('modr-1');
    expect(response.headers.get('x-sluice-provider')).toBe('other');
    expect(second.requests.at(-1)).toMatchObject({
      method: 'POST',
      path: '/v1/moderations',
      headers: { authorization: 'Bearer sk-of-the-other' },
      body: '{"model":"omni-moderation-latest","input":"x"}',
    });
  });

  it('routes a request without a model to the first provider with the route, or to the named provider', async () => {
    upstream.answer(whole('{"object":"list","data":[]}'));
    second.answer(whole('{"object":"list","data":[]}'));
    await openai.files.list({ purpose: 'batch', limit: 5 });
    expect(upstream.requests.at(-1)).toMatchObject({ method: 'GET', path: '/v1/files?purpose=batch&limit=1000' });
    await openai.batches.list({}, { headers: { 'x-sluice-provider': 'other' } });
    expect(second.requests.at(-1)).toMatchObject({ method: 'GET', path: '/v1/batches?limit=100' });
    const unrouted = openai.files.list({}, { headers: { 'x-sluice-provider': 'watched' } });
    await expect(unrouted).rejects.toMatchObject({ status: 404, message: expect.stringContaining('GET /v1/files') });
    await expect(fetch(`${gateway.url}/v1/rerank`, jsonOf(KEY, { query: 'x' })).then((r) => r.status)).resolves.toBe(404);
  });

  const jsonOf = (key: string, body: object): RequestInit => ({
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

  it("never sends a caller's key to a provider", async () => {
    upstream.answer(whole('{"object":"list","data":[]}'));
    const answer = await fetch(`${gateway.url}/v1/files?key=${KEY}&limit=1&%6Bey=${KEY}`);
    expect(answer.status).toBe(200);
    expect(upstream.requests.at(-1)?.path).toBe('/v1/files?limit=1000');
    expect(JSON.stringify(upstream.requests.at(-1))).not.toContain(KEY);
  });

  it('serves upload, download and deletion of files', async () => {
    upstream.answer(whole('{"id":"file-1","object":"file"}'));
    const { id } = await openai.files.create({ file: await toFile(Buffer.from('{"a":1}\n'), 'a.jsonl'), purpose: 'batch' });
    expect(upstream.requests.at(-1)?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(upstream.requests.at(-1)?.body).toContain('{"a":1}\n');
    const bytes = Buffer.from([0, 255, 13, 10, 0]);
    upstream.answer(whole(bytes, 200, { 'content-type': 'application/octet-stream' }));
    expect(Buffer.from(await (await openai.files.content(id)).arrayBuffer())).toEqual(bytes);
    expect(upstream.requests.at(-1)?.path).toBe('/v1/files/file-1/content');
    upstream.answer(whole('{"id":"file-1","deleted":true}'));
    expect(await openai.files.delete(id)).toMatchObject({ deleted: true });
    expect(upstream.requests.at(-1)).toMatchObject({ method: 'DELETE', path: '/v1/files/file-1' });
  });

  it('streams a body to the provider before its end arrives', async () => {
    seen.bytes = 0;
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      const upload = httpRequest(`${gateway.url}/v1/audio/transcriptions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${KEY}`,
          'content-type': 'multipart/form-data; boundary=b',
          'x-sluice-provider': 'watched',
        },
      });
      upload.on('error', reject);
      upload.on('response', resolve);
      const piece = Buffer.alloc(256 * 1024, 'x');
      upload.write(piece);
      void waitFor(() => seen.bytes === piece.length, 'the first piece').then(() => upload.end(piece), reject);
    });
    const response = await answer;
    response.resume();
    expect(response.statusCode).toBe(200);
    expect(seen.bytes).toBe(512 * 1024);
  });

  it('aborts the provider request when the client disconnects', async () => {
    seen.request = undefined;
    const upload = httpRequest(`${gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${KEY}`,
        'content-type': 'multipart/form-data; boundary=b',
        'x-sluice-provider': 'watched',
      },
    });
    upload.on('error', () => {});
    upload.write('begun');
    await waitFor(() => seen.request !== undefined, 'the request');
    upload.destroy();
    await waitFor(() => seen.request?.destroyed === true, 'the end of the provider request');
  });

  it('streams audio while it is generated, and breaks off when the provider breaks off', async () => {
    let finish: (how: 'end' | 'break') => void = () => {};
    upstream.answer((response) => {
      response.writeHead(200, { 'content-type': 'audio/mpeg' });
      response.write('first');
      finish = (how) => (how === 'end' ? response.end('second') : response.destroy());
    });
    const speak = () => openai.audio.speech.create({ model: 'openai/tts-1', voice: 'alloy', input: 'x' });
    for (const how of ['end', 'break'] as const) {
      const reader = (await speak()).body?.getReader();
      expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('first');
      finish(how);
      if (how === 'end') expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('second');
      else await expect(reader?.read()).rejects.toThrow();
    }
  });

  it("counts pass-through calls against a key's limit and records them", async () => {
    upstream.answer(whole('{"object":"list","data":[]}'));
    await as('few').files.list();
    await expect(as('few').files.list()).rejects.toMatchObject({ status: 429 });
    const trail = await fetch(`${gateway.adminUrl}/admin/v1/audit?limit=5`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    const text = await trail.text();
    expect(text).toContain('GET /v1/files');
  });

  it('refuses a key with a list of models on routes without a visible model', async () => {
    second.answer(whole('{"id":"modr-1","results":[]}'));
    await as('some').moderations.create({ model: 'safe-words', input: 'x' });
    await expect(as('some').moderations.create({ model: 'openai/x', input: 'x' })).rejects.toMatchObject({ status: 403 });
    await expect(as('some').moderations.create({ input: 'x' })).rejects.toMatchObject({ status: 403 });
    await expect(as('some').files.list()).rejects.toMatchObject({ status: 403, code: 'model_not_allowed' });
  });

  it('limits files and batches to their tenant, and to keys that name the routes', async () => {
    upstream.answer(whole('{"id":"file-of-one","object":"file"}'));
    const { id } = await openai.files.create({ file: await toFile(Buffer.from('x'), 'a.jsonl'), purpose: 'batch' });
    await openai.files.retrieve(id);
    upstream.answer(whole(JSON.stringify({ object: 'list', data: [{ id }, { id: 'file-of-nobody' }], has_more: false })));
    const ids = async (client: OpenAI) => (await client.files.list()).data.map((file) => file.id);
    expect(await ids(openai)).toEqual([id]);
    expect(await ids(as('another'))).toEqual([]);
    const before = upstream.requests.length;
    const another = as('another');
    await expect(another.files.retrieve(id)).rejects.toMatchObject({ status: 404 });
    await expect(another.files.delete(id)).rejects.toMatchObject({ status: 404 });
    await expect(
      another.batches.create({ input_file_id: id, endpoint: '/v1/embeddings', completion_window: '24h' }),
    ).rejects.toMatchObject({ status: 404 });
    await expect(as('unnamed').files.list()).rejects.toMatchObject({ status: 403, code: 'model_not_allowed' });
    expect(upstream.requests).toHaveLength(before);
  });

  it('refuses a call of unknown cost to a key with a hard budget, unless the key may use models without a price', async () => {
    upstream.answer(whole('{"data":[]}'));
    const before = upstream.requests.length;
    for (const refused of [
      as('paid').images.generate({ model: 'openai/dall-e-3', prompt: 'x' }),
      as('paid').audio.speech.create({ model: 'openai/tts-1', voice: 'alloy', input: 'x' }),
      as('paid').batches.create({ input_file_id: 'x', endpoint: '/v1/embeddings', completion_window: '24h' }),
    ]) {
      await expect(refused).rejects.toMatchObject({ status: 403, code: 'model_not_allowed' });
    }
    expect(upstream.requests).toHaveLength(before);
    await as('serves').images.generate({ model: 'openai/dall-e-3', prompt: 'x' });
    expect(upstream.requests).toHaveLength(before + 1);
  });

  it('serves no routes but the listed ones', async () => {
    const before = upstream.requests.length;
    for (const path of [
      '/v1/fine_tuning/jobs',
      '/v1/files/a/b',
      '/v1/files/..%2fadmin',
      '/v1/organization/admin_api_keys',
      '/v1/vector_stores',
    ]) {
      const { status } = await fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${KEY}` } });
      expect([400, 404]).toContain(status);
    }
    const { status } = await fetch(`${gateway.url}/v1/files`, { method: 'DELETE', headers: { authorization: `Bearer ${KEY}` } });
    expect(status).toBe(405);
    expect(upstream.requests).toHaveLength(before);
  });
});
