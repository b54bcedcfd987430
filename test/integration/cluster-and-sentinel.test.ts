import { afterEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { startRedisCluster } from '../support/redis-cluster.ts';
import { startWatchedRedis } from '../support/redis-sentinel.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-the-cluster';

describe('two replicas', () => {
  const stops: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });
  const start = async (environment: Readonly<Record<string, string>>): Promise<Replicas> => {
    const replicas = await startGateway({
      replicas: 2,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        keys: [
          { name: 'limited', secret: KEY, limits: { requests: '20/h', concurrent: 50 } },
          { name: 'free', secret: `${KEY}-free` },
        ],
        cache: { exact: { ttl: '1h' } },
      }),
      environment,
    });
    stops.push(() => replicas.stop());
    return replicas;
  };

  const works = async ({ gateways }: Replicas): Promise<void> => {
    const url = (n: number): string => gateways[n % 2]?.url as string;
    const calls = Array.from({ length: 60 }, (_, n) => ask(url(n), chat('up/x', `at once ${n}`), { key: KEY }));
    const statuses = (await Promise.all(calls)).map((answer) => answer.status).sort();
    expect(statuses).toEqual([...Array(20).fill(200), ...Array(40).fill(429)]);
    const first = await ask(url(0), chat('up/x', 'shared'), { key: `${KEY}-free` });
    expect(first.headers.get('x-sluice-cache')).toBe('miss');
    await waitFor(
      async () => (await ask(url(1), chat('up/x', 'shared'), { key: `${KEY}-free` })).headers.get('x-sluice-cache') === 'hit',
      'a hit at the other',
    );
    const made = await askAdmin(gateways[0]?.adminUrl as string, ADMIN_KEY, 'POST', '/keys', { name: 'made' });
    const key = made.json['secret'] as string;
    expect((await ask(url(1), chat('up/x', 'x'), { key })).status).toBe(200);
    await askAdmin(gateways[0]?.adminUrl as string, ADMIN_KEY, 'DELETE', '/keys/made');
    await waitFor(async () => (await ask(url(1), chat('up/x', 'x'), { key })).status === 401, 'the key to be refused', 1_000);
  };

  it('shares limits, cache and keys on a Redis Cluster', async () => {
    const cluster = await startRedisCluster();
    stops.push(() => cluster.stop());
    await works(await start({ REDIS_CLUSTER: cluster.nodes.map(({ host, port }) => `${host}:${port}`).join(',') }));
  });

  it('shares limits, cache and keys on a master behind a Sentinel, and follows a failover', async () => {
    const watched = await startWatchedRedis();
    stops.push(() => watched.stop());
    const replicas = await start({ REDIS_SENTINEL: watched.sentinel, REDIS_SENTINEL_NAME: watched.name });
    await works(replicas);
    await watched.failOver();
    for (const { url } of replicas.gateways) {
      await waitFor(async () => (await ask(url, chat('up/x', 'after'), { key: KEY })).status === 429, 'the limit to hold again');
    }
  });
});
