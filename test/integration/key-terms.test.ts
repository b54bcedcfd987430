import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { parseExposition } from '../support/exposition.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

describe('terms of a key', () => {
  let replicas: Replicas;
  let issuer: Server;
  let pair: Awaited<ReturnType<typeof generateKeyPair>>;
  beforeAll(async () => {
    pair = await generateKeyPair('RS256');
    const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'RS256' }] });
    issuer = createServer((_request, response) => response.end(jwks)).listen(0, '127.0.0.1');
    await new Promise((resolve) => issuer.once('listening', resolve));
    replicas = await startGateway({
      replicas: 2,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: {
          plain: { targets: [{ provider: 'up', model: 'plain', price: { input: 0, output: 0, request: 0.01 } }] },
          scarce: { targets: [{ provider: 'up', model: 'scarce' }], limits: { requests: '3/h' } },
        },
        network: { trustedProxies: ['127.0.0.0/8'] },
        teams: { web: { tenant: 'firm' } },
        keys: [
          { name: 'routed', secret: 'key-routed', routes: ['/v1/chat/*', '/v1/models'] },
          { name: 'homely', secret: 'key-homely', allowedIps: ['10.1.0.0/16', '2001:db8::/32'] },
          { name: 'tagged', secret: 'key-tagged', tags: { stage: 'test', user: 'fixed' } },
          { name: 'many', secret: 'key-many', users: { limits: { requests: '2/h' }, budget: '0.05 USD/day' } },
          { name: 'scarce-a', secret: 'key-scarce-a', tenant: 'one' },
          { name: 'scarce-b', secret: 'key-scarce-b', tenant: 'one' },
          { name: 'scarce-c', secret: 'key-scarce-c', tenant: 'two' },
          { name: 'ended', secret: 'key-ended', expiresAt: '2020-01-01T00:00:00Z' },
        ],
        jwt: [
          {
            name: 'login',
            issuer: 'https://login.example.com',
            audience: 'sluice',
            jwks: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`,
            teamClaim: 'team',
            limits: { requests: '2/h' },
          },
        ],
      }),
    });
  });
  afterAll(async () => {
    await replicas.stop();
    issuer.close();
  });
  const gateway = (n = 0) => replicas.gateways[n] as Replicas['gateways'][number];
  const send = (key: string, { model = 'plain', text = 'x', n = 0, headers = {} as Record<string, string> } = {}) =>
    ask(gateway(n).url, chat(model, text), { key, headers });
  const admin = async (path: string) => (await askAdmin(gateway(1).adminUrl, ADMIN_KEY, 'GET', path)).json;

  it('limits a key to its configured routes', async () => {
    expect((await send('key-routed')).status).toBe(200);
    const message = { model: 'plain', max_tokens: 5, messages: [{ role: 'user', content: 'x' }] };
    const refused = await ask(gateway().url, message, { key: 'key-routed', path: '/v1/messages' });
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('may not use the route POST /v1/messages')]);
    const list = (path: string) => fetch(`${gateway().url}${path}`, { headers: { authorization: 'Bearer key-routed' } });
    expect((await list('/v1/models')).status).toBe(200);
    expect((await list('/v1/models/plain')).status).toBe(403);
    // the spelling of the path does not matter
    for (const path of ['/v1/%6dessages', '/v1//messages', '/v1/chat/../messages']) {
      expect((await ask(gateway().url, message, { key: 'key-routed', path })).status).toBeGreaterThanOrEqual(400);
    }
  });

  it('limits a key to its configured networks, by the addresses of trusted proxies', async () => {
    const from = async (forwarded: string) => (await send('key-homely', { headers: { 'x-forwarded-for': forwarded } })).status;
    expect(await from('10.1.2.3')).toBe(200);
    expect(await from('2001:db8::7')).toBe(200);
    expect(await from('::ffff:10.1.2.3')).toBe(200);
    expect(await from('10.2.0.1')).toBe(403);
    // an address that the client itself puts before the ingress's address is not trusted
    expect(await from('10.1.2.3, 203.0.113.9')).toBe(403);
    const direct = await send('key-homely');
    expect([direct.status, direct.code]).toEqual([403, 'address_not_allowed']);
    expect(
      parseExposition(await (await fetch(`${gateway().adminUrl}/metrics`)).text()).sum('sluice_auth_failures_total', {
        reason: 'address',
      }),
    ).toBe(3);
  });

  it("sets a key's own tags over a call's tags, in audit and usage", async () => {
    const { headers } = await send('key-tagged', { headers: { 'x-sluice-tags': 'user=alice,part=search' } });
    const find = async () =>
      ((await admin(`/audit?requestId=${headers.get('x-request-id')}`)) as { records: { tags: object }[] }).records;
    await waitFor(async () => (await find()).length > 0, 'the record to be written');
    expect((await find())[0]?.tags).toEqual({ stage: 'test', user: 'fixed', part: 'search' });
    const { rows } = (await admin('/usage?by=tag&key=tagged')) as { rows: { tag: string; calls: number }[] };
    expect(rows.map(({ tag, calls }) => [tag, calls])).toEqual([
      ['part=search', 1],
      ['stage=test', 1],
      ['user=fixed', 1],
    ]);
    expect(await admin('/usage?by=hour&key=tagged')).toMatchObject({
      rows: [{ hour: new Date().toISOString().slice(0, 13), calls: 1, costUsd: 0.01 }],
    });
  });

  it("limits a key's calls per end user, over all replicas", async () => {
    const as = async (user: string | undefined, n: number) => {
      const answer = await send('key-many', { n, headers: user === undefined ? {} : { 'x-sluice-tags': `user=${user}` } });
      return answer.status === 200 ? 'served' : /of the user (\w*)/.exec(answer.text)?.[0];
    };
    expect([await as('alice', 0), await as('alice', 1), await as('alice', 0)]).toEqual(['served', 'served', 'of the user alice']);
    expect([await as('bob', 0), await as(undefined, 1)]).toEqual(['served', 'served']);
    // calls without a user tag count as one user, so that omitting the tag does not avoid the limit
    expect([await as(undefined, 0), await as(undefined, 1)]).toEqual(['served', 'of the user ']);
    type Row = { user: string; calls: number; costUsd: number };
    const find = async () => ((await admin('/usage?by=user&key=many')) as { rows: Row[] }).rows;
    await waitFor(async () => (await find()).reduce((sum, { calls }) => sum + calls, 0) === 4, 'all calls to be summed');
    expect((await find()).map(({ user, calls, costUsd }) => [user, calls, costUsd])).toEqual([
      ['alice', 3, 0.02],
      ['bob', 1, 0.01],
    ]);
  });

  it("limits a model's calls per tenant, over all keys of the tenant", async () => {
    const as = async (key: string, n: number) => (await send(`key-scarce-${key}`, { model: 'scarce', n })).status;
    expect([await as('a', 0), await as('b', 1), await as('a', 1)]).toEqual([200, 200, 200]);
    const full = await send('key-scarce-b', { model: 'scarce' });
    expect([full.status, full.text]).toEqual([429, expect.stringContaining('of the model scarce of 3 requests')]);
    expect(await as('c', 0)).toBe(200);
    expect((await send('key-scarce-b', { n: 1 })).status).toBe(200);
  });

  it('refuses an expired key from the configuration', async () => {
    expect((await send('key-ended')).status).toBe(401);
    expect(await admin('/keys/ended')).toMatchObject({ status: 'expired', configured: true });
  });

  it('accepts a token of an identity provider instead of a key', async () => {
    const sign = (claims: object) =>
      new SignJWT({ sub: 'alice', team: 'web', ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'k' })
        .setIssuer('https://login.example.com')
        .setAudience('sluice')
        .setExpirationTime('5 min')
        .sign(pair.privateKey);
    const token = await sign({});
    expect([(await send(token, { n: 0 })).status, (await send(token, { n: 1 })).status]).toEqual([200, 200]);
    // another token of the same subject has the same meters
    expect((await send(await sign({ jti: 'another' }))).status).toBe(429);
    expect((await send(await sign({ sub: 'bob' }))).status).toBe(200);
    expect((await send(await sign({ team: 'nobody' }))).status).toBe(401);
    expect((await send(`${token}x`)).status).toBe(401);
    await waitFor(async () => {
      const { rows } = (await admin('/usage?by=tenant,team,key&team=web')) as { rows: { key: string; calls: number }[] };
      return rows.length === 2 && rows[0]?.key === 'login:alice' && rows[0].calls === 3;
    }, 'the calls to be summed');
    for (const { output } of replicas.gateways) expect(output()).not.toContain(token);
  });
});
