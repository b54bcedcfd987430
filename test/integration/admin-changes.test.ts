import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

describe('changes by the admin API', () => {
  let replicas: Replicas;
  beforeAll(async () => {
    replicas = await startGateway({
      replicas: 2,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: { plain: { targets: [{ provider: 'up', model: 'plain' }] } },
        keys: [{ name: 'configured', secret: 'key-configured', team: 'configured' }],
        teams: { configured: { tenant: 'acme' } },
        cache: { exact: { ttl: '1h' } },
      }),
    });
  });
  afterAll(() => replicas.stop());
  const gateway = (n = 0) => replicas.gateways[n] as Replicas['gateways'][number];
  const admin = (method: string, path: string, body?: object, headers?: Record<string, string>, n = 0) =>
    askAdmin(gateway(n).adminUrl, ADMIN_KEY, method, path, body, headers);
  const make = async (path: string, body: object) => {
    const answer = await admin('POST', path, body);
    expect(answer.status).toBe(201);
    return answer;
  };
  const send = async (key: string, text = 'x', n = 0) => (await ask(gateway(n).url, chat('plain', text), { key })).status;

  it('sets the named fields, removes fields that are null, and keeps the others', async () => {
    const made = await make('/keys', {
      name: 'patched',
      models: ['plain'],
      limits: { requests: '60/min', concurrent: 5 },
      budget: '5 USD/day',
      tags: { stage: 'test' },
      metadata: { owner: 'ann' },
    });
    const { secret: _, ...asMade } = made.json;
    const patch = {
      limits: { requests: '1/h', tokens: '100/10s', concurrent: null },
      budget: null,
      tags: null,
      models: ['other'],
    };
    const patched = await admin('PATCH', '/keys/patched', patch);
    expect(patched.status).toBe(200);
    const { budget: _budget, tags: _tags, ...kept } = asMade;
    expect(patched.json).toEqual({ ...kept, limits: { requests: '1/h', tokens: '100/10s' }, models: ['other'] });
    expect((await admin('GET', '/keys/patched')).json).toEqual(patched.json);
  });

  it('applies a change to the next call on every replica', async () => {
    const { json } = await make('/keys', { name: 'held', limits: { requests: '100/h' } });
    const secret = json['secret'] as string;
    expect([await send(secret, 'a', 0), await send(secret, 'b', 1)]).toEqual([200, 200]);
    await admin('PATCH', '/keys/held', { limits: { requests: '3/h' } });
    await waitFor(async () => (await send(secret, 'c', 1)) === 429, 'the other replica to hold the limit');
    await admin('POST', '/keys/held/block');
    await waitFor(async () => (await send(secret, 'd', 1)) === 401, 'the other replica to block the key');
    expect(await send(secret, 'd', 0)).toBe(401);
    await admin('POST', '/keys/held/unblock');
    await admin('PATCH', '/keys/held', { limits: { requests: null } });
    await waitFor(async () => (await send(secret, 'e', 1)) === 200, 'the key to be let in again');
  });

  it('applies a change to a replaced secret that is still valid', async () => {
    const first = (await make('/keys', { name: 'two-secrets' })).json['secret'] as string;
    const second = (await admin('POST', '/keys/two-secrets/rotate')).json['secret'] as string;
    expect([await send(first, 'a', 1), await send(second, 'b', 1)]).toEqual([200, 200]);
    await admin('POST', '/keys/two-secrets/block');
    for (const secret of [first, second])
      await waitFor(async () => (await send(secret, 'c', 1)) === 401, 'both secrets to be blocked');
  });

  it('blocks a team and a tenant with all their keys, and a configured key', async () => {
    await make('/tenants', { name: 'firm' });
    await make('/teams', { name: 'crew', tenant: 'firm' });
    const { json } = await make('/keys', { name: 'of-crew', team: 'crew' });
    const secret = json['secret'] as string;
    for (const whose of ['/teams/crew', '/tenants/firm', '/keys/configured']) {
      const key = whose === '/keys/configured' ? 'key-configured' : secret;
      await waitFor(async () => (await send(key, whose, 1)) === 200, 'the key to be accepted');
      expect((await admin('POST', `${whose}/block`)).json).toMatchObject({ status: 'blocked' });
      await waitFor(async () => (await send(key, whose, 1)) === 401, `${whose} to be blocked`);
      expect((await admin('POST', `${whose}/unblock`)).json).toMatchObject({ status: 'active' });
    }
    await waitFor(async () => (await send('key-configured', 'again', 1)) === 200, 'the configured key to be accepted');
  });

  it('applies a change only to the version in if-match, when the request has it', async () => {
    for (const [path, body, patch] of [
      ['/keys', { name: 'versioned' }, { metadata: { n: '1' } }],
      ['/teams', { name: 'versioned', tenant: 'acme' }, { metadata: { n: '1' } }],
      ['/admins', { name: 'versioned', role: 'viewer' }, { role: 'operator' }],
    ] as const) {
      const first = (await make(path, body)).headers.get('etag') as string;
      const one = `${path}/versioned`;
      expect((await admin('GET', one, undefined, {}, 1)).headers.get('etag')).toBe(first);
      const changed = await admin('PATCH', one, patch, { 'if-match': first });
      const second = changed.headers.get('etag') as string;
      expect([path, changed.status, second === first]).toEqual([path, 200, false]);
      for (const [method, at] of [
        ['PATCH', one],
        ['DELETE', one],
        ...(path === '/teams' ? [] : [['POST', `${one}/rotate`]]),
        ...(path === '/admins' ? [] : [['POST', `${one}/block`]]),
      ] as const) {
        const late = await admin(method as string, at as string, method === 'PATCH' ? patch : undefined, { 'if-match': first });
        expect([method, at, late.status, late.code]).toEqual([method, at, 412, 'precondition_failed']);
      }
      expect((await admin('DELETE', one, undefined, { 'if-match': `"other", ${second}` })).status).toBe(204);
    }
  });

  it('loses none of many concurrent changes', async () => {
    await make('/keys', { name: 'busy' });
    const patches = Array.from({ length: 8 }, (_, n) =>
      admin('PATCH', '/keys/busy', n < 4 ? { limits: { concurrent: n + 1 } } : { budget: `${n} USD` }, {}, n % 2),
    );
    expect((await Promise.all(patches)).map(({ status }) => status)).toEqual(Array(8).fill(200));
    const { json } = await admin('GET', '/keys/busy');
    expect(json).toMatchObject({ limits: { concurrent: expect.any(Number) }, budget: expect.stringMatching(/^[4-7] USD$/) });
    const { changes } = (await admin('GET', '/changes?name=busy&action=key.change')).json as {
      changes: Record<string, object>[];
    };
    // each change started from the result of the previous change
    expect(changes).toHaveLength(8);
    for (let n = 1; n < 8; n++) expect(changes[n - 1]?.['before']).toEqual(changes[n]?.['after']);
  });

  it('records each change with its author and the states before and after, and records no refused change', async () => {
    await make('/keys', { name: 'told', budget: '1 USD' });
    await admin('PATCH', '/keys/told', { budget: '2 USD' });
    await admin('POST', '/keys/told/rotate');
    await admin('PATCH', '/keys/told', { budget: 'many' });
    await admin('POST', '/keys', { name: 'told' });
    await admin('PATCH', '/keys/told', { team: 'nobody' });
    await admin('DELETE', '/keys/told');
    await admin('DELETE', '/keys/told');
    const { changes } = (await admin('GET', '/changes?kind=key&name=told')).json as { changes: Record<string, object>[] };
    expect(changes.map(({ action }) => action)).toEqual(['key.revoke', 'key.rotate', 'key.change', 'key.create']);
    expect(changes[2]).toMatchObject({
      admin: '@environment',
      role: 'owner',
      address: expect.stringContaining('127.0.0.1'),
      time: expect.stringMatching(/Z$/),
      tenant: 'told',
      before: { budget: '1 USD' },
      after: { budget: '2 USD' },
    });
    expect(changes[0]).toMatchObject({ before: { status: 'active' }, after: { status: 'revoked' } });
    expect(changes[3]).not.toHaveProperty('before');
  });

  it('refuses to delete a team that has keys, and to make a key in a deleted team', async () => {
    await make('/teams', { name: 'shrinking', tenant: 'acme' });
    await make('/keys', { name: 'in-shrinking', team: 'shrinking' });
    const refused = await admin('DELETE', '/teams/shrinking');
    expect([refused.status, refused.text]).toEqual([409, expect.stringContaining("the key 'in-shrinking'")]);
    await admin('DELETE', '/keys/in-shrinking');
    expect((await admin('DELETE', '/teams/shrinking')).status).toBe(204);
    expect((await admin('POST', '/keys', { name: 'late', team: 'shrinking' })).text).toContain("there is no team 'shrinking'");
    for (const [method, body] of [
      ['PATCH', { metadata: { a: 'b' } }],
      ['DELETE', undefined],
    ] as const) {
      expect((await admin(method, '/teams/configured', body)).text).toContain('is defined in the configuration');
    }
  });

  it('lists keys page by page, and lists keys that match a search', async () => {
    const made = Array.from({ length: 25 }, (_, n) => `page-${String(n).padStart(2, '0')}`);
    await Promise.all(made.map((name) => make('/keys', { name, tenant: 'paged' })));
    const names: string[] = [];
    let query = '/keys?tenant=paged&limit=10';
    for (let parts = 0; query !== ''; parts++) {
      expect(parts).toBeLessThan(3);
      const { json, headers } = await admin('GET', query);
      names.push(...(json['keys'] as { name: string }[]).map(({ name }) => name));
      expect(headers.get('link') === null).toBe(json['next'] === undefined);
      query = json['next'] === undefined ? '' : `/keys?tenant=paged&limit=10&cursor=${json['next']}`;
    }
    expect(names).toEqual(made);
    await admin('POST', '/keys/page-03/block');
    const blocked = (await admin('GET', '/keys?tenant=paged&status=blocked')).json['keys'] as { name: string }[];
    expect(blocked.map(({ name }) => name)).toEqual(['page-03']);
  });

  it('removes responses from the cache of all replicas, by key, namespace and model', async () => {
    const put = async (text: string, namespace?: string) => {
      const headers: Record<string, string> = namespace === undefined ? {} : { 'x-sluice-cache-namespace': namespace };
      const asked = (n: number) => ask(gateway(n).url, chat('plain', text), { key: 'key-configured', headers });
      const first = await asked(0);
      await waitFor(async () => (await asked(1)).headers.get('x-sluice-cache') === 'hit', 'the answer to be kept');
      return first.headers.get('x-sluice-cache-key') as string;
    };
    const state = async (text: string, headers: Record<string, string> = {}) =>
      (await ask(gateway(1).url, chat('plain', text), { key: 'key-configured', headers })).headers.get('x-sluice-cache');
    const key = await put('by key');
    expect((await admin('GET', `/cache/${encodeURIComponent(key)}?tenant=acme`)).json).toMatchObject({ key, provider: 'up' });
    expect((await admin('DELETE', `/cache/${encodeURIComponent(key)}?tenant=acme`)).status).toBe(204);
    expect(await state('by key')).toBe('miss');
    await put('by namespace', 'docs');
    await put('another', 'other');
    const listed = (await admin('GET', '/cache?tenant=acme&namespace=docs')).json as { total: number; entries: object[] };
    expect(listed).toMatchObject({ total: 1, entries: [{ tenant: 'acme', namespace: 'docs', model: 'plain' }] });
    expect((await admin('DELETE', '/cache?tenant=acme&namespace=docs')).json).toEqual({ removed: 1 });
    expect(await state('by namespace', { 'x-sluice-cache-namespace': 'docs' })).toBe('miss');
    expect(await state('another', { 'x-sluice-cache-namespace': 'other' })).toBe('hit');
    await admin('DELETE', '/cache?model=plain');
    expect(await state('another', { 'x-sluice-cache-namespace': 'other' })).toBe('miss');
  });
});
