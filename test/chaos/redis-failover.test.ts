import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { Cluster, Redis } from 'ioredis';
import { ask, chat } from '../support/ask.ts';
import { counted, type Load, startLoad } from '../support/load.ts';
import { whatIsWrong } from '../support/oracle.ts';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts';
import { startWatchedRedis } from '../support/redis-sentinel.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

const KEYS = ['key-free', 'key-limited', 'key-soft'];

describe('failover of Redis under load', () => {
  const stops: (() => Promise<unknown>)[] = [];
  let replicas: Replicas;
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });
  const start = async (environment: Readonly<Record<string, string>>): Promise<void> => {
    replicas = await startGateway({
      replicas: 2,
      config: (baseUrl) => ({
        redis: { maxReplicas: 2, timeout: '100ms' },
        providers: { up: { baseUrl } },
        models: { cent: { targets: [{ provider: 'up', model: 'cent', price: { input: 0, output: 0, request: 0.01 } }] } },
        keys: [
          { name: 'free', secret: 'key-free' },
          { name: 'limited', secret: 'key-limited', limits: { requests: '100000/min', concurrent: 500 } },
          { name: 'soft', secret: 'key-soft', budget: '1000 USD/month soft' },
        ],
        cache: { exact: { ttl: '1h' } },
      }),
      environment,
    });
    stops.push(() => replicas.stop());
    for (const { url } of replicas.gateways) {
      for (const key of KEYS) {
        await waitFor(async () => (await ask(url, chat('cent', 'warm'), { key })).status === 200, `${key} to be known`);
      }
    }
  };
  const loadOf = (): Load =>
    startLoad({
      url: (n) => replicas.gateways[n % 2]?.url as string,
      key: (n) => KEYS[n % KEYS.length] as string,
      model: () => 'cent',
      stream: (n) => n % 5 === 0,
      rate: 100,
    });
  const running = async (load: Load): Promise<void> => waitFor(() => load.seen.length > 100, 'the load to run');

  it.each([
    ['T24: survives a killed master', 'SIGKILL', 5_000],
    ['T25: survives a hanging master', 'SIGSTOP', 8_000],
  ] as const)(
    '%s without failing a call with a known key, and writes the state again soon',
    async (_what, how, withinMs) => {
      const watched = await startWatchedRedis();
      stops.push(() => watched.stop());
      await start({ REDIS_SENTINEL: watched.sentinel, REDIS_SENTINEL_NAME: watched.name });
      const load = loadOf();
      await running(load);
      const failedMs = performance.now();
      await watched.failOver(how);
      const isWhole = () => {
        const last = load.seen.slice(-60);
        return last.every(({ atMs, headers }) => atMs > failedMs && !('x-sluice-degraded' in headers));
      };
      await waitFor(isWhole, 'nothing to be degraded', 30_000);
      const whole =
        load.seen.filter(({ headers, atMs }) => atMs > failedMs && 'x-sluice-degraded' in headers).at(-1)?.atMs ?? failedMs;
      await sleep(500);
      const seen = await load.stop();
      expect(counted(seen)).toEqual({ 200: seen.length });
      // the Sentinel needs half a second to detect the failure, and then elects
      expect(whole - failedMs).toBeLessThan(withinMs);
      const successor = new Redis(watched.successor.url);
      const [subject = ''] = await successor.keys('*:subject:limited');
      const fields = await successor.hkeys(subject);
      successor.disconnect();
      expect(fields.filter((name) => name.startsWith('w:requests:'))).toHaveLength(1);
      const { gateways, simulator } = replicas;
      expect(await whatIsWrong({ gateways, simulator, seen, budgets: ['/keys/soft'] })).toEqual([]);
    },
    90_000,
  );

  it('T08: serves all calls while slots of a Cluster move between nodes', async () => {
    const cluster: RedisCluster = await startRedisCluster();
    stops.push(() => cluster.stop());
    await start({ REDIS_CLUSTER: cluster.nodes.map(({ host, port }) => `${host}:${port}`).join(',') });
    const client = new Cluster([...cluster.nodes]);
    stops.push(async () => client.disconnect());
    const load = loadOf();
    await running(load);
    const slots = new Set<number>();
    for (const { port } of cluster.nodes) {
      const node = new Redis(port);
      for (const key of await node.keys('*')) slots.add(Number(await node.call('CLUSTER', 'KEYSLOT', key)));
      node.disconnect();
    }
    expect(slots.size).toBeGreaterThan(3);
    let moved = 0;
    for (let round = 0; round < 2; round++) for (const slot of slots) moved += await cluster.moveSlot(slot);
    expect(moved).toBeGreaterThan(10);
    await sleep(1_000);
    const seen = await load.stop();
    expect(counted(seen)).toEqual({ 200: seen.length });
    const { gateways, simulator } = replicas;
    for (const gateway of gateways) expect(gateway.output()).not.toMatch(/CROSSSLOT/);
    expect(await whatIsWrong({ gateways, simulator, seen, budgets: ['/keys/soft'] })).toEqual([]);
  }, 180_000);
});
