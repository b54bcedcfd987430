import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { ADMIN_KEY, type GatewayProcess, startGatewayProcess, untilReady } from '../support/gateway-process.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';
import { startWatchedProxy, type WatchedProxy } from '../support/watched-proxy.ts';

describe('an outage of Redis', () => {
  let proxy: WatchedProxy;
  let replicas: Replicas;
  let gateway: GatewayProcess;
  beforeAll(async () => {
    proxy = await startWatchedProxy(process.env['TEST_REDIS_URL'] as string);
    replicas = await startGateway({
      replicas: 1,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: { cent: { targets: [{ provider: 'up', model: 'cent', price: { input: 0, output: 0, request: 0.01 } }] } },
        keys: [
          { name: 'free', secret: 'key-free' },
          { name: 'limited', secret: 'key-limited', limits: { requests: '1000/min', concurrent: 10 } },
          { name: 'tight-cut', secret: 'key-tight-cut', limits: { requests: '3/min' } },
          { name: 'tight-hang', secret: 'key-tight-hang', limits: { requests: '3/min' } },
          { name: 'unseen', secret: 'key-unseen' },
          { name: 'soft', secret: 'key-soft', budget: '1 USD/month soft' },
          { name: 'hard-cut', secret: 'key-hard-cut', budget: '1 USD/month' },
          { name: 'hard-hang', secret: 'key-hard-hang', budget: '1 USD/month' },
          { name: 'unused', secret: 'key-unused', budget: '1 USD/month' },
        ],
        cache: { exact: { ttl: '1h' } },
        redis: { timeout: '2s' },
      }),
      redis: proxy.url,
    });
    gateway = replicas.gateways[0] as GatewayProcess;
  });
  afterAll(async () => {
    proxy.restore();
    await replicas.stop();
    await proxy.close();
  });
  const call = (key: string, content: string) => ask(gateway.url, chat('up/plain', content), { key });
  const gauge = async (name: string) => {
    const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    return Number(new RegExp(`^${name.replace(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1]);
  };
  /** Counts the commands of calls that took half a second or more. The timeout of a command is 2 s here. */
  const slowCommands = async () => {
    const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    const countOf = (bucket: string) =>
      [...text.matchAll(new RegExp(`^sluice_redis_duration_seconds_bucket\\{[^}]*le="${bucket}"[^}]*\\} (\\S+)$`, 'gm'))].reduce(
        (sum, [, value]) => sum + Number(value),
        0,
      );
    return countOf('\\+Inf') - countOf('0.5');
  };
  const works = () =>
    waitFor(async () => {
      const { status, headers } = await call('key-limited', 'back');
      return status === 200 && headers.get('x-sluice-degraded') === null;
    }, 'limited calls to be counted by Redis again');
  /** Waits until limits are taken from this replica's share. */
  const untilShared = (how: string) =>
    waitFor(
      async () => (await call('key-limited', how)).headers.get('x-sluice-degraded')?.includes('limits') === true,
      'the limits to be shared',
    );
  /** Waits until the dependency is healthy again. Only a call that uses it shows that. */
  const untilRecovered = () =>
    waitFor(async () => {
      await works();
      return (await gauge('sluice_degraded{concern="limits"}')) === 0;
    }, 'the gauge to report the recovery');

  beforeEach(async () => {
    proxy.restore();
    await untilReady(gateway);
    await waitFor(async () => (await gauge('sluice_replicas')) === 1, 'the replica to know that it is the only one');
    await works();
    expect((await call('key-free', 'warm')).status).toBe(200);
    await untilRecovered();
  });

  it.each(['cut', 'hang'] as const)(
    "serves verified keys without the cache during an outage (%s), up to this replica's share of their limits, and refuses the rest with 503, never 429",
    async (how) => {
      expect((await call(`key-tight-${how}`, 'before')).status).toBe(200);
      proxy[how]();
      await untilShared(how);
      const waitedBefore = await slowCommands();
      const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => call('key-free', `${how} ${n}`)));
      // a call does not wait for a store that is known to hang
      expect((await slowCommands()) - waitedBefore).toBeLessThan(10);
      expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(200));
      for (const answer of answers) {
        expect(answer.headers.get('x-sluice-cache')).toBe('miss');
        expect(answer.headers.get('x-sluice-degraded')).toBe('cache');
      }
      // with a single replica, its share is the whole limit, and one of three calls was made before
      for (let n = 0; n < 2; n++) expect((await call(`key-tight-${how}`, `${n}`)).status).toBe(200);
      const limited = await call(`key-tight-${how}`, how);
      expect([limited.status, limited.code]).toEqual([503, 'limiter_unavailable']);
      expect(Number(limited.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(await gauge('sluice_degraded{concern="limits"}')).toBe(1);
      expect(await gauge('sluice_degraded{concern="cache"}')).toBe(1);
    },
  );

  it.each(['cut', 'hang'] as const)(
    'serves calls over a soft budget during an outage (%s), and settles their cost after it',
    async (how) => {
      const spentUsd = async () =>
        ((await askAdmin(gateway.adminUrl, ADMIN_KEY, 'GET', '/keys/soft')).json['spending'] as { spentUsd: number }).spentUsd;
      const spend = (key: string, n: number) => ask(gateway.url, chat('cent', `${how} ${n}`), { key });
      const already = await spentUsd();
      // the replica has the key, but no lease of its budget, because the key has never spent anything
      const models = { headers: { authorization: 'Bearer key-unused' } };
      expect((await fetch(`${gateway.url}/v1/models`, models)).status).toBe(200);
      expect((await spend('key-soft', 0)).status).toBe(200);
      await waitFor(async () => (await spentUsd()) > already, 'the first call to be spent');
      const before = await spentUsd();
      proxy[how]();
      await untilShared(how);
      expect((await spend('key-unused', 1)).code).toBe('budget_unavailable');
      const answers = await Promise.all([1, 2, 3, 4, 5].map((n) => spend('key-soft', n)));
      expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200));
      for (const { headers } of answers) expect(headers.get('x-sluice-degraded')).toContain('budget');
      proxy.restore();
      await works();
      await waitFor(async () => Math.round(((await spentUsd()) - before) * 100) === 5, 'the cost of the outage to be settled');
      const { json } = await askAdmin(gateway.adminUrl, ADMIN_KEY, 'GET', '/keys/soft');
      expect(json['spending']).toMatchObject({ soft: true, reservedUsd: 0 });
    },
  );

  it.each(['cut', 'hang'] as const)(
    'serves calls from the lease of a hard budget during an outage (%s), never exceeds it, and settles their cost after it',
    async (how) => {
      const state = async () =>
        (await askAdmin(gateway.adminUrl, ADMIN_KEY, 'GET', `/keys/hard-${how}`)).json['spending'] as Record<string, number>;
      const spend = (n: number) => ask(gateway.url, chat('cent', `${how} ${n}`), { key: `key-hard-${how}` });
      for (let n = 0; n < 10; n++) expect((await spend(n)).status).toBe(200);
      // a twentieth of the remaining 90 cents pays for four more calls
      await waitFor(async () => (await state())['leasedUsd'] === 0.045, 'the replica to have a lease');
      proxy[how]();
      await untilShared(how);
      const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => spend(100 + n)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(4);
      for (const { status, headers, code } of answers) {
        if (status === 200) expect(headers.get('x-sluice-degraded')).toContain('budget');
        else expect([status, code]).toEqual([503, 'budget_unavailable']);
      }
      proxy.restore();
      await works();
      await waitFor(async () => (await state())['spentUsd'] === 0.14, 'the cost of the outage to be settled');
      await waitFor(async () => (await state())['reservedUsd'] === 0, 'nothing to be reserved');
      expect((await spend(200)).status).toBe(200);
    },
    40_000,
  );

  it('refuses an unknown key with 503 rather than 401 when Redis is unavailable', async () => {
    proxy.cut();
    await waitFor(async () => (await gauge('sluice_redis_up')) === 0, 'the gateway to notice');
    const answer = await call('key-unseen', 'x');
    expect([answer.status, answer.code]).toEqual([503, 'auth_unavailable']);
    expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
    // the replica stays in the load balancer, because otherwise all replicas would be removed at once
    const readiness = await fetch(`${gateway.url}/readyz`);
    expect([readiness.status, await readiness.text()]).toEqual([200, 'ready, degraded: Redis is unavailable\n']);
  });

  it('logs each change of state once, and recovers', async () => {
    const count = (text: string) => gateway.lines().filter((line) => String(line['message']).startsWith(text)).length;
    const before = { degraded: count('limits: degraded'), again: count('limits: recovered') };
    proxy.cut();
    for (let n = 0; n < 50; n++) await call('key-limited', 'x');
    proxy.restore();
    await works();
    await untilRecovered();
    expect(count('limits: degraded') - before.degraded).toBe(1);
    expect(count('limits: recovered') - before.again).toBe(1);
    expect(await gauge('sluice_redis_up')).toBe(1);
  });

  it('writes the records of the outage when Redis is back', async () => {
    proxy.cut();
    const id = 'while-it-was-away';
    await ask(gateway.url, chat('up/plain', 'x'), { key: 'key-free', headers: { 'x-request-id': id } });
    proxy.restore();
    const recorded = async () => {
      const answer = await fetch(`${gateway.adminUrl}/admin/v1/audit?limit=1000`, {
        headers: { authorization: 'Bearer admin-key-of-the-tests' },
      });
      return answer.ok ? (await answer.text()).split(`"requestId":"${id}"`).length - 1 : 0;
    };
    await waitFor(async () => (await recorded()) > 0, 'the record');
    expect(await recorded()).toBe(1);
  });
});

describe('a gateway that starts without its Redis', () => {
  it('listens without being ready, and becomes ready when Redis starts', async () => {
    const proxy = await startWatchedProxy(process.env['TEST_REDIS_URL'] as string);
    proxy.cut();
    const gateway = await startGatewayProcess({
      config: { providers: { sim: { dialect: 'simulated', latency: '1ms' } }, keys: [{ name: 'one', secret: 'key-one' }] },
      environment: { REDIS_URL: proxy.url },
    });
    try {
      expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
      expect((await fetch(`${gateway.url}/readyz`)).status).toBe(503);
      expect((await ask(gateway.url, chat('sim/x', 'x'), { key: 'key-one' })).code).toBe('auth_unavailable');
      expect(gateway.output()).toContain('redis disconnected; reconnecting');
      proxy.restore();
      await untilReady(gateway);
      expect((await ask(gateway.url, chat('sim/x', 'x'), { key: 'key-one' })).status).toBe(200);
    } finally {
      await gateway.stop();
      await proxy.close();
    }
  });
});
