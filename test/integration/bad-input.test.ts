import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { sendRaw } from '../support/raw-request.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

interface Case {
  readonly what: string;
  /** The body of a POST to chat completions, … */
  readonly body?: string | Buffer;
  /** … or the head of the request, without the headers that every case has. */
  readonly head?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly code: string;
  readonly param?: string;
  /** The call has no record, because Node's parser refused the request before the gateway read a key. */
  readonly unseen?: boolean;
}

const KEY = 'key-of-bad-input';
const MAX_BODY = 64 * 1024;
const nested = (depth: number): string => {
  const lists = depth - 1;
  return `{"model":"plain","messages":[{"role":"user","content":"x"}],"x":${'['.repeat(lists)}${']'.repeat(lists)}}`;
};
const message = '"messages":[{"role":"user","content":"x"}]';
const invalid = { status: 400, code: 'invalid_request' };

const CASES: readonly Case[] = [
  { what: 'an empty body', body: '', ...invalid },
  { what: 'a body that is not JSON', body: 'model=plain', ...invalid },
  { what: 'truncated JSON', body: `{"model":"plain",${message}`, ...invalid },
  { what: 'JSON with trailing text', body: `{"model":"plain",${message}} {}`, ...invalid },
  { what: 'a body of null', body: 'null', ...invalid },
  { what: 'a body of an array', body: `[{"model":"plain",${message}}]`, ...invalid },
  { what: 'a body of a string', body: '"plain"', ...invalid },
  { what: 'a body without a model', body: `{${message}}`, ...invalid, param: 'model' },
  { what: 'a model that is a number', body: `{"model":4,${message}}`, ...invalid, param: 'model' },
  { what: 'a body without messages', body: '{"model":"plain"}', ...invalid, param: 'messages' },
  { what: 'messages that are a string', body: '{"model":"plain","messages":"hello"}', ...invalid, param: 'messages' },
  { what: 'a message that is null', body: '{"model":"plain","messages":[null]}', ...invalid, param: 'messages' },
  { what: 'a stream field that is a string', body: `{"model":"plain","stream":"yes",${message}}`, ...invalid, param: 'stream' },
  {
    what: 'stream_options that are a list',
    body: `{"model":"plain","stream_options":[],${message}}`,
    ...invalid,
    param: 'stream_options',
  },
  { what: 'a depth of 65', body: nested(65), ...invalid },
  { what: 'a depth of 10,000', body: nested(10_000), ...invalid },
  { what: 'a duplicate member', body: `{"model":"plain","model":"other",${message}}`, ...invalid },
  { what: 'a duplicate member with an escaped name', body: `{"model":"plain","\\u006dodel":"other",${message}}`, ...invalid },
  { what: 'a __proto__ member', body: `{"model":"plain",${message},"__proto__":{"admin":true}}`, ...invalid, param: '__proto__' },
  {
    what: 'an escaped __proto__ member',
    body: `{"model":"plain",${message},"\\u005f_proto__":{"admin":true}}`,
    ...invalid,
    param: '__proto__',
  },
  {
    what: 'a nested __proto__ member with escapes elsewhere',
    body: '{"model":"plain","messages":[{"role":"user","content":"x","__\\u0070roto__":{}}]}',
    ...invalid,
  },
  {
    what: 'a nested __proto__ member',
    body: '{"model":"plain","messages":[{"role":"user","content":"x","__proto__":{}}]}',
    ...invalid,
  },
  {
    what: 'a constructor member',
    body: `{"model":"plain",${message},"constructor":{"prototype":{}}}`,
    ...invalid,
    param: 'constructor',
  },
  {
    what: 'invalid UTF-8',
    body: Buffer.concat([Buffer.from('{"model":"plain","x":"'), Buffer.of(0xc3, 0x28), Buffer.from(`",${message}}`)]),
    ...invalid,
  },
  { what: 'a line break in the model', body: `{"model":"plain\\r\\nx-evil: 1",${message}}`, ...invalid, param: 'model' },
  { what: 'a control character in the model', body: `{"model":"pl\\u0000ain",${message}}`, ...invalid, param: 'model' },
  {
    what: 'an unknown model',
    body: `{"model":"nowhere",${message}}`,
    status: 404,
    code: 'model_not_found',
    param: 'model',
  },
  { what: 'a model without a name', body: `{"model":"up/",${message}}`, status: 404, code: 'model_not_found', param: 'model' },
  { what: 'another content type', body: '{}', headers: { 'content-type': 'text/plain' }, ...invalid, param: 'content-type' },
  {
    what: 'a content type that begins like JSON',
    body: '{}',
    headers: { 'content-type': 'application/jsonp' },
    ...invalid,
    param: 'content-type',
  },
  { what: 'a compressed body', body: 'x', headers: { 'content-encoding': 'gzip' }, ...invalid },
  {
    what: 'a tag that is not ASCII',
    body: '{}',
    headers: { 'x-sluice-tags': 'team=caf\u00e9' },
    ...invalid,
    param: 'x-sluice-tags',
  },
  { what: 'a tag without a value', body: '{}', headers: { 'x-sluice-tags': 'team' }, ...invalid, param: 'x-sluice-tags' },
  {
    what: 'an unknown strategy',
    body: '{}',
    headers: { 'x-sluice-optimize-for': 'luck' },
    ...invalid,
    param: 'x-sluice-optimize-for',
  },
  {
    what: 'a deadline that is not a number',
    body: '{}',
    headers: { 'x-sluice-timeout-ms': '-5' },
    ...invalid,
    param: 'x-sluice-timeout-ms',
  },
  {
    what: 'a namespace with a separator',
    body: '{}',
    headers: { 'x-sluice-cache-namespace': 'a:b' },
    ...invalid,
    param: 'x-sluice-cache-namespace',
  },
  {
    what: 'a body with a declared length over the limit',
    body: Buffer.alloc(MAX_BODY + 1, 0x20),
    status: 413,
    code: 'request_too_large',
  },
  {
    what: 'a key with a tab in it',
    body: '{}',
    headers: { authorization: 'Bearer key\tkey' },
    status: 401,
    code: 'invalid_api_key',
  },
  {
    what: 'a key of 4,000 characters',
    body: '{}',
    headers: { authorization: `Bearer ${'k'.repeat(4_000)}` },
    status: 401,
    code: 'invalid_api_key',
  },
  {
    what: 'a key with a control character',
    body: '{}',
    headers: { authorization: 'Bearer key\x01key' },
    ...invalid,
    unseen: true,
  },
  {
    what: 'headers without an end',
    body: '{}',
    headers: { 'x-long': 'x'.repeat(20_000) },
    status: 431,
    code: 'invalid_request',
    unseen: true,
  },
  { what: 'two Host headers', head: 'POST /v1/chat/completions HTTP/1.1\r\nhost: evil.example', ...invalid },
  { what: 'an absolute-form target', head: 'POST http://evil.example/v1/chat/completions HTTP/1.1', ...invalid },
  { what: 'an absolute-form target for the models', head: 'GET http://evil.example/v1/models HTTP/1.1', ...invalid },
  { what: 'an encoded dot-dot', head: 'POST /v1/%2e%2e/admin/v1/keys HTTP/1.1', ...invalid },
  { what: 'a plain dot-dot', head: 'POST /v1/../admin/v1/keys HTTP/1.1', ...invalid },
  { what: 'an encoded slash outside of a model name', head: 'GET /v1%2fmodels HTTP/1.1', ...invalid },
  { what: 'a dot-dot behind an encoded slash', head: 'GET /v1/models/up%2f..%2fplain HTTP/1.1', ...invalid },
  { what: 'a dot-dot that is encoded twice', head: 'GET /v1/models/%252e%252e HTTP/1.1', ...invalid },
  { what: 'a path that cannot be decoded', head: 'GET /v1/models/%zz HTTP/1.1', ...invalid },
  { what: 'a null byte in the path', head: 'GET /v1/models/%00 HTTP/1.1', ...invalid },
  { what: 'an unknown route', head: 'POST /v1/chat/completion HTTP/1.1', status: 404, code: 'not_found' },
  { what: 'the admin API on the data plane', head: 'GET /admin/v1/keys HTTP/1.1', status: 404, code: 'not_found' },
  { what: 'the metrics on the data plane', head: 'GET /metrics HTTP/1.1', status: 404, code: 'not_found' },
  { what: 'a route in capitals', head: 'POST /V1/Chat/Completions HTTP/1.1', status: 404, code: 'not_found' },
  { what: 'a wrong method', head: 'GET /v1/chat/completions HTTP/1.1', status: 405, code: 'method_not_allowed' },
  { what: 'another wrong method', head: 'DELETE /v1/models HTTP/1.1', status: 405, code: 'method_not_allowed' },
  { what: 'an unknown method', head: 'BREW /v1/chat/completions HTTP/1.1', ...invalid, unseen: true },
];

function bytesOf(one: Case, id: string): Buffer {
  const body = Buffer.from(one.body ?? '');
  const headers = {
    host: 'gateway',
    connection: 'close',
    authorization: `Bearer ${KEY}`,
    'x-request-id': id,
    'content-type': 'application/json',
    'content-length': String(body.length),
    ...one.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [one.head ?? 'POST /v1/chat/completions HTTP/1.1', ...lines].join('\r\n');
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), body]);
}

describe('bad input', () => {
  let replicas: Replicas;
  beforeAll(async () => {
    replicas = await startGateway({
      replicas: 1,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: { plain: { targets: [{ provider: 'up', model: 'plain' }] } },
        keys: [{ name: 'bad-input', secret: KEY }],
        limits: { body: MAX_BODY, bodyTimeout: '300ms' },
      }),
    });
  });
  afterAll(() => replicas.stop());
  const gateway = () => replicas.gateways[0] as Replicas['gateways'][number];
  const works = async () => (await ask(gateway().url, chat('plain', 'is it alive?'), { key: KEY })).status;
  const recordsOf = async (id: string) => {
    const { json } = await askAdmin(gateway().adminUrl, ADMIN_KEY, 'GET', '/audit?limit=1000');
    return (json['records'] as { requestId: string; status: number; error: string }[]).filter((one) => one.requestId === id);
  };

  it.each(CASES.map((one, n) => [one.what, one, `case-${n}`] as const))('refuses %s', async (_what, one, id) => {
    replicas.simulator.journal.clear();
    const answer = await sendRaw(gateway().url, [bytesOf(one, id)]);
    const { error } = JSON.parse(answer.body) as { error: Record<string, unknown> };
    expect([answer.status, error['code'], error['param']]).toEqual([one.status, one.code, one.param ?? null]);
    expect(typeof error['message']).toBe('string');
    expect(answer.head.toLowerCase()).toContain('content-type: application/json');
    expect(answer.head.toLowerCase()).not.toContain('x-evil');
    expect(replicas.simulator.journal.entries).toEqual([]);
    const records = await recordsOf(id);
    expect(records).toHaveLength(one.unseen === true ? 0 : 1);
    if (records[0] !== undefined) expect([records[0].status, records[0].error]).toEqual([one.status, one.code]);
    expect(await works()).toBe(200);
  });

  it('accepts input just within the limits: a depth of 64, escapes, a body of the maximum size', async () => {
    for (const body of [nested(64), `{"\\u006dodel":"plain",${message}}`, `{"model":"plain",${message}}`.padEnd(MAX_BODY)]) {
      expect((await ask(gateway().url, body, { key: KEY })).status).toBe(200);
    }
  });

  it('refuses a body over the limit before it is completely sent', async () => {
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${KEY}\r\nx-request-id: endless\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`;
    const chunk = `400\r\n${' '.repeat(1_024)}\r\n`;
    const endless = function* () {
      yield head;
      // far more than the limit: a gateway that reads the body to its end would receive all of it
      for (let n = 0; n < 100_000; n++) yield chunk;
    };
    const answer = await sendRaw(gateway().url, endless());
    expect(answer.status).toBe(413);
    expect(answer.body).toContain('request_too_large');
    expect(answer.cutOff).toBe(true);
    expect(await recordsOf('endless')).toHaveLength(1);
    expect(await works()).toBe(200);
  });

  it('sends no 100 Continue to a client that announces a body over the limit', async () => {
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${KEY}\r\ncontent-type: application/json\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: ${MAX_BODY + 1}\r\n\r\n`;
    const answer = await sendRaw(gateway().url, [head]);
    expect(answer.status).toBe(413);
    const small = `{"model":"plain",${message}}`;
    const asking = head.replace(String(MAX_BODY + 1), String(small.length));
    const asked = await sendRaw(gateway().url, [asking, small]);
    expect(asked.head).toBe('HTTP/1.1 100 Continue');
    expect(asked.body).toMatch(/^HTTP\/1.1 200 OK/);
  });

  it('aborts a body that arrives too slowly', async () => {
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer ${KEY}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{`;
    const answer = await sendRaw(gateway().url, [head]);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain('too slowly');
    expect(await works()).toBe(200);
  });

  it('records a client that disconnects in the middle of its body, and serves other calls', async () => {
    const leaving = new AbortController();
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from('{"model":"pl'));
        setTimeout(() => leaving.abort(), 50);
      },
    });
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'x-request-id': 'left' };
    const request = { method: 'POST', headers, body, duplex: 'half', signal: leaving.signal } as RequestInit;
    await expect(fetch(`${gateway().url}/v1/chat/completions`, request)).rejects.toThrow();
    expect(await works()).toBe(200);
    expect(await recordsOf('left')).toEqual([expect.objectContaining({ status: 499, error: 'client_closed' })]);
  });

  it('serves no route of the LLM API on the control plane', async () => {
    for (const path of ['/v1/models', '/v1/chat/completions', '/admin/v1/../../v1/models']) {
      expect((await fetch(`${gateway().adminUrl}${path}`, { headers: { authorization: `Bearer ${KEY}` } })).status).toBe(404);
    }
  });
});
