import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { sendRaw } from '../support/raw-request.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

describe('the admin API', () => {
  let replicas: Replicas;
  beforeEach(async () => {
    replicas = await startGateway({
      replicas: 2,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: { plain: { targets: [{ provider: 'up', model: 'plain' }] } },
        keys: [{ name: 'configured', secret: 'key-configured', tenant: 'acme' }],
      }),
    });
  });
  afterEach(() => replicas.stop());
  const gateway = (n = 0) => replicas.gateways[n] as Replicas['gateways'][number];
  const admin = (method: string, path: string, body?: object, n = 0) =>
    askAdmin(gateway(n).adminUrl, ADMIN_KEY, method, path, body);

  it('refuses clients without the admin key, and limits failed attempts to ten per minute over all replicas', async () => {
    for (const [method, path] of [
      ['GET', '/keys'],
      ['POST', '/keys'],
      ['GET', '/stats'],
      ['GET', '/audit'],
      ['GET', '/usage'],
      ['GET', '/openapi.json'],
      ['GET', '/nothing'],
    ] as const) {
      const answer = await askAdmin(
        gateway().adminUrl,
        'key-configured',
        method,
        path,
        method === 'POST' ? { name: 'x' } : undefined,
      );
      expect([path, answer.status, answer.code]).toEqual([path, 401, 'invalid_api_key']);
    }
    const more = await Promise.all([0, 1, 0, 1, 0, 1, 0, 1].map((n) => askAdmin(gateway(n).adminUrl, 'guess', 'GET', '/keys')));
    expect(more.filter((answer) => answer.status === 401)).toHaveLength(3);
    const refused = more.filter((answer) => answer.status === 429);
    expect(refused).toHaveLength(5);
    for (const answer of refused) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    // the valid key is accepted despite the failed attempts
    expect((await admin('GET', '/keys')).status).toBe(200);
  });

  it('makes a key that works immediately on all replicas, within its limits', async () => {
    const made = await admin('POST', '/keys', { name: 'team-a', tenant: 'acme', models: ['plain'], limits: { requests: '3/h' } });
    expect(made.status).toBe(201);
    expect(made.headers.get('cache-control')).toBe('no-store');
    const secret = made.json['secret'] as string;
    expect(secret).toMatch(/^sk-sluice-[0-9A-Za-z]{43}$/);
    for (const n of [0, 1, 0]) expect((await ask(gateway(n).url, chat('plain', 'x'), { key: secret })).status).toBe(200);
    expect((await ask(gateway(1).url, chat('plain', 'x'), { key: secret })).status).toBe(429);
    expect((await ask(gateway(1).url, chat('up/other', 'x'), { key: secret })).status).toBe(403);
    // the secret is never shown again
    const listed = await admin('GET', '/keys', undefined, 1);
    expect((listed.json['keys'] as { name: string }[]).map((key) => key.name)).toEqual(['configured', 'team-a']);
    expect(listed.text).not.toContain(secret);
    expect(listed.text).not.toContain('hash');
  });

  it('lists a revoked key and refuses its calls', async () => {
    const secret = (await admin('POST', '/keys', { name: 'leaver' })).json['secret'] as string;
    expect((await admin('DELETE', '/keys/leaver')).status).toBe(204);
    expect((await ask(gateway().url, chat('plain', 'x'), { key: secret })).status).toBe(401);
    const [leaver] = ((await admin('GET', '/keys')).json['keys'] as { name: string; revokedAtMs?: number }[]).filter(
      (key) => key.name === 'leaver',
    );
    expect(leaver?.revokedAtMs).toEqual(expect.any(Number));
    // the name may be used again, with another secret
    const next = (await admin('POST', '/keys', { name: 'leaver' })).json['secret'] as string;
    expect((await admin('POST', '/keys', { name: 'leaver' })).code).toBe('conflict');
    expect((await ask(gateway().url, chat('plain', 'x'), { key: next })).status).toBe(200);
    expect((await ask(gateway().url, chat('plain', 'x'), { key: secret })).status).toBe(401);
    expect((await admin('POST', '/keys', { name: 'configured' })).code).toBe('conflict');
    expect((await admin('DELETE', '/keys/nobody')).status).toBe(404);
  });

  it("rotates a key's secret on all replicas, and accepts the old secret for the requested time", async () => {
    const status = async (secret: string, n: number) => (await ask(gateway(n).url, chat('plain', 'x'), { key: secret })).status;
    const rotate = (name: string, body?: object) => admin('POST', `/keys/${name}/rotate`, body);
    const first = (await admin('POST', '/keys', { name: 'app', limits: { requests: '6/h' } })).json['secret'] as string;
    expect(await status(first, 0)).toBe(200);
    const second = await rotate('app');
    expect(second.json['oldUntilMs']).toBeGreaterThan(Date.now() + 86_000_000);
    // both secrets are the same key, with the same limit
    for (const secret of [first, second.json['secret'] as string])
      for (const n of [0, 1]) expect(await status(secret, n)).toBe(200);
    const third = (await rotate('app', { grace: 'none' })).json['secret'] as string;
    // the other replica receives the change
    await waitFor(async () => (await status(second.json['secret'] as string, 1)) === 401, 'the second secret to end');
    expect(await status(third, 1)).toBe(200);
    expect(await status(third, 1)).toBe(429);
    const listed = await admin('GET', '/keys');
    expect(listed.json['keys']).toMatchObject([{ name: 'app', rotatedAtMs: expect.any(Number) }, { name: 'configured' }]);
    expect(listed.text).not.toMatch(/hash/i);
    // the deletion revokes all secrets of the key, including the first secret, which was valid until tomorrow
    expect((await admin('DELETE', '/keys/app')).status).toBe(204);
    for (const secret of [first, third]) await waitFor(async () => (await status(secret, 0)) === 401, 'the end of a secret');
    expect((await rotate('app')).text).toContain('is revoked');
    expect((await rotate('configured')).text).toContain('Change it there');
    expect((await rotate('nobody')).status).toBe(404);
    expect((await rotate('app', { grace: 'soon' })).text).toContain('grace: expected a duration such as 24h, or none');
    expect((await rotate('app', { for: '1h' })).status).toBe(400);
  });

  it('refuses a key that has expired', async () => {
    const expiresAt = new Date(Date.now() + 400).toISOString();
    const secret = (await admin('POST', '/keys', { name: 'short', expiresAt })).json['secret'] as string;
    expect((await ask(gateway().url, chat('plain', 'x'), { key: secret })).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, Date.parse(expiresAt) - Date.now() + 5));
    expect((await ask(gateway().url, chat('plain', 'x'), { key: secret })).status).toBe(401);
  });

  it.each([
    ['a missing name', {}, 'name', 'expected string'],
    ['a name with a colon', { name: 'a:b' }, 'name', '1 to 64 letters'],
    ['a number instead of a string', { name: 'a', budget: 5 }, 'budget', 'expected string'],
    ['an unknown field', { name: 'a', budgets: '5 USD' }, 'body', 'budgets'],
    ['an invalid limit', { name: 'a', limits: { requests: 'many' } }, 'limits.requests', 'a limit such as 60/min'],
    [
      'a limit of too many requests',
      { name: 'a', limits: { requests: '99999999999999999999/min' } },
      'limits.requests',
      'at most 1',
    ],
    ['an invalid limit in a list', { name: 'a', limits: { requests: ['5/min', 'x'] } }, 'limits.requests.1', 'a limit such as'],
    ['a window that is too long', { name: 'a', users: { limits: { tokens: '5/9999999d' } } }, 'users.limits.tokens', 'to 366d'],
    ['a limit of too many concurrent calls', { name: 'a', limits: { concurrent: 1e15 } }, 'limits.concurrent', '<=1'],
    ['a budget that is too large', { name: 'a', budget: '99999999999999 USD/month' }, 'budget', 'a budget such as 50 USD/month'],
    ['an invalid date', { name: 'a', expiresAt: 'tomorrow' }, 'expiresAt', 'ISO'],
  ])('refuses %s, and names the field and the accepted values', async (_what, body, field, expected) => {
    const answer = await admin('POST', '/keys', body);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.json).toMatchObject({ status: 400, title: 'Bad Request', field: expect.stringContaining(field) });
    expect(answer.json['detail']).toContain(expected);
  });

  it('refuses a body that is not JSON, and a body that is too large', async () => {
    const send = (body: string) =>
      fetch(`${gateway().adminUrl}/admin/v1/keys`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
        body,
      });
    expect((await send('{')).status).toBe(400);
    expect((await send(`{"name":"${'x'.repeat(100_000)}"}`)).status).toBe(413);
  });

  it('serves only requests with a Host that no web page can have', async () => {
    const get = (path: string, ...hosts: string[]) =>
      sendRaw(gateway().adminUrl, [
        `GET ${path} HTTP/1.1\r\n${hosts.map((host) => `Host: ${host}\r\n`).join('')}authorization: Bearer ${ADMIN_KEY}\r\nconnection: close\r\n\r\n`,
      ]);
    for (const path of ['/metrics', '/admin/v1/stats', '/livez']) {
      expect((await get(path, 'evil.example')).status).toBe(421);
      expect((await get(path, 'localhost', 'localhost')).status).toBe(400);
      for (const host of ['localhost:8081', '10.0.0.7:8081', 'gateway:8081', 'sluice.prod.svc']) {
        expect((await get(path, host)).status).toBe(200);
      }
    }
    expect((await get('http://evil.example/metrics', 'localhost')).status).toBe(400);
  });

  it('refuses __proto__ anywhere in a body, and accepts names that only look dangerous', async () => {
    const send = (body: string) =>
      fetch(`${gateway().adminUrl}/admin/v1/keys`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
        body,
      });
    for (const field of ['metadata', 'tags']) {
      const answer = await send(`{"name":"a","${field}":{"__proto__":"x"}}`);
      expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ field: `${field}.__proto__` })]);
    }
    const answer = await send('{"name":"a","metadata":{"constructor":"x","prototype":"y"}}');
    expect([answer.status, await answer.json()]).toEqual([
      201,
      expect.objectContaining({ metadata: { constructor: 'x', prototype: 'y' } }),
    ]);
  });
});
