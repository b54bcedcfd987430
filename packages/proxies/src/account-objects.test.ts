import { describe, expect, it } from '@jest/globals';
import { compose, type LlmCall, LlmError, type LlmReply, type PassthroughRequest, systemClock } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { MemoryAccountObjects } from '@sluice/store/memory';
import { accountObjects } from './account-objects.ts';
import { servedBy } from './routing/served-by.ts';

type Json = Record<string, unknown>;
const reply = (json: unknown, status = 200): LlmReply => ({
  status,
  contentType: 'application/json',
  headers: {},
  body: Buffer.from(JSON.stringify(json)),
});

/** A provider's account with the objects of all tenants. */
function account(objects = new MemoryAccountObjects(systemClock)) {
  const all: Json[] = [];
  const requests: string[] = [];
  const next = {
    async complete({ message }: LlmCall): Promise<LlmReply> {
      const { method, path } = message.unread as PassthroughRequest;
      requests.push(`${method} ${path}`);
      const url = new URL(path, 'http://account');
      const [, kind, id] = url.pathname.split('/');
      if (method === 'POST' && id === undefined) {
        const made = { id: `${kind}-${all.length}`, kind };
        all.push(made);
        return reply(made);
      }
      if (id !== undefined) return reply({ id, output_file_id: kind === 'batches' ? `of-${id}` : undefined });
      const ofKind = all.filter((one) => one['kind'] === kind);
      const from = ofKind.findIndex((one) => one['id'] === url.searchParams.get('after')) + 1;
      const to = from + Math.min(100, Number(url.searchParams.get('limit')));
      return reply({ object: 'list', data: ofKind.slice(from, to), has_more: to < ofKind.length });
    },
  };
  const service = compose([accountObjects({ objects })], next);
  const ask = async (tenant: string, method: PassthroughRequest['method'], path: string, body: Json = {}) => {
    const route = path.split(/[/?]/)[1] ?? '';
    const unread = {
      method,
      path,
      route,
      contentType: undefined,
      contentLength: undefined,
      body: undefined,
      provider: undefined,
    };
    const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
    call.context.caller = { tenant, keyName: 'k', limits: {} };
    const view = { model: '', stream: false, wantsStreamUsage: false };
    const nothing = Buffer.alloc(0);
    const label = `${method} /v1${path}`;
    const answer = await service.complete({
      ...call,
      operation: 'other',
      route: label,
      message: { bytes: nothing, unread, view: () => view, json: () => body, forUpstream: () => nothing },
    });
    return JSON.parse(Buffer.from((answer as { body: Uint8Array }).body).toString()) as Json;
  };
  return { ask, requests };
}

describe('accountObjects', () => {
  it('gives an object to the tenant that created it and returns 404 to others without calling the provider', async () => {
    const { ask, requests } = account();
    const { id } = await ask('a', 'POST', '/files');
    expect(await ask('a', 'GET', `/files/${id}`)).toMatchObject({ id });
    expect(await ask('a', 'GET', `/files/${id}/content`)).toMatchObject({ id });
    const before = requests.length;
    for (const [method, path] of [
      ['GET', `/files/${id}`],
      ['GET', `/files/${id}/content`],
      ['DELETE', `/files/${id}`],
      ['GET', '/files/of-no-tenant'],
      ['GET', `/files?after=${id}`],
    ] as const) {
      await expect(ask('b', method, path)).rejects.toMatchObject({ code: 'not_found', status: 404 });
    }
    expect(requests).toHaveLength(before);
  });

  it("creates batches only from the tenant's own files, and gives their results to the same tenant", async () => {
    const { ask } = account();
    const { id: file } = await ask('a', 'POST', '/files');
    await expect(ask('b', 'POST', '/batches', { input_file_id: file })).rejects.toMatchObject({ code: 'not_found' });
    await expect(ask('a', 'POST', '/batches', {})).rejects.toMatchObject({ code: 'invalid_request', param: 'input_file_id' });
    const { id } = await ask('a', 'POST', '/batches', { input_file_id: file });
    await expect(ask('a', 'GET', `/files/of-${id}`)).rejects.toMatchObject({ code: 'not_found' });
    await ask('a', 'GET', `/batches/${id}`);
    expect(await ask('a', 'GET', `/files/of-${id}`)).toMatchObject({ id: `of-${id}` });
    await expect(ask('b', 'POST', `/batches/${id}/cancel`)).rejects.toMatchObject({ code: 'not_found' });
  });

  it("lists only the tenant's own objects, from as many pages of the account as necessary", async () => {
    const { ask, requests } = account();
    const own: unknown[] = [];
    for (let n = 0; n < 350; n++) {
      const { id } = await ask(n % 100 === 99 ? 'a' : 'b', 'POST', '/files');
      if (n % 100 === 99) own.push(id);
    }
    const before = requests.length;
    const first = await ask('a', 'GET', '/files?limit=2&purpose=batch');
    expect((first['data'] as Json[]).map(({ id }) => id)).toEqual(own.slice(0, 2));
    expect(first).toMatchObject({ last_id: own[1], has_more: true });
    expect(requests[before]).toBe('GET /files?limit=1000&purpose=batch');
    const second = await ask('a', 'GET', `/files?limit=2&after=${own[1]}`);
    expect(second).toMatchObject({ data: [{ id: own[2] }], has_more: false });
    expect(await ask('c', 'GET', '/files')).toMatchObject({ data: [], has_more: false, last_id: null });
  });

  it('removes the ownership of a deleted object', async () => {
    const { ask } = account();
    const { id } = await ask('a', 'POST', '/files');
    await ask('a', 'DELETE', `/files/${id}`);
    await expect(ask('a', 'GET', `/files/${id}`)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('returns 503 when the owner cannot be looked up', async () => {
    const objects = new MemoryAccountObjects(systemClock);
    objects.owners = () => Promise.reject(new Error('unavailable'));
    await expect(account(objects).ask('a', 'GET', '/files/x')).rejects.toMatchObject({ code: 'auth_unavailable', status: 503 });
  });

  it('does not look up owners for other routes', async () => {
    const failing = new MemoryAccountObjects(systemClock);
    failing.owners = () => Promise.reject(new LlmError('internal_error', 'must not be called'));
    expect(await account(failing).ask('a', 'GET', '/images/x')).toMatchObject({ id: 'x' });
  });

  describe('shared account objects', () => {
    const objects = new MemoryAccountObjects(systemClock);
    const requests: { provider: string | undefined; path: string }[] = [];
    const of = (store: Pick<MemoryAccountObjects, 'owners' | 'claim' | 'release'>) =>
      compose([accountObjects({ objects: store, shared: true })], {
        async complete(call: LlmCall): Promise<LlmReply> {
          const { provider, path } = call.message.unread as PassthroughRequest;
          requests.push({ provider, path });
          servedBy.set(call, { provider: provider ?? 'first', model: '', target: undefined });
          return reply({ id: 'file-1', object: 'file', data: [{ id: 'file-2' }] });
        },
      });
    const send = async (
      service: ReturnType<typeof of>,
      tenant: string,
      method: 'GET' | 'POST',
      path: string,
      provider?: string,
    ) => {
      const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
      call.context.caller = { tenant, keyName: 'k', limits: {} };
      const view = { model: '', stream: false, wantsStreamUsage: false };
      const bytes = Buffer.alloc(0);
      const unread = {
        method,
        path,
        route: 'files',
        contentType: undefined,
        contentLength: undefined,
        body: undefined,
        provider,
      };
      const message = { bytes, unread, view: () => view, json: () => ({}), forUpstream: () => bytes };
      return service.complete({ ...call, operation: 'other', route: `${method} /v1/files`, message });
    };

    it('gives shared objects to all tenants and still calls the account that created them', async () => {
      await send(of(objects), 'a', 'POST', '/files', 'second');
      await send(of(objects), 'b', 'GET', '/files/file-1');
      expect(requests.at(-1)).toEqual({ provider: 'second', path: '/files/file-1' });
      const listed = await send(of(objects), 'b', 'GET', '/files?limit=5');
      expect(JSON.parse(Buffer.from((listed as { body: Uint8Array }).body).toString())).toMatchObject({
        data: [{ id: 'file-2' }],
      });
      expect(requests.at(-1)?.path).toBe('/files?limit=5');
    });

    it('serves shared objects while owners cannot be looked up', async () => {
      const refuse = () => Promise.reject(new Error('unavailable'));
      const unavailable = { owners: refuse, claim: refuse, release: refuse };
      await expect(send(of(unavailable), 'b', 'GET', '/files/file-1')).resolves.toMatchObject({ status: 200 });
    });
  });
});
