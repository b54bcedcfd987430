import { createHash } from 'node:crypto';
import { waitFor } from '@sluice/core/testing';
import { redisStores } from '@sluice/store/redis';
import { Redis } from 'ioredis';
import { Pool } from 'undici';
import { startRedisServer } from '../support/redis-server.ts';
import { type Bench, measureServed, undisturbed } from './bench.ts';
import type { Results } from './goals.ts';
import { type GatewayPeer, moveAside, startGateway } from './peers.ts';
import { inOrderOf, median } from './statistics.ts';
import { configuration, LIVE } from './workload.ts';

const KEYS = 100_000;
const MODELS = 1_000;
const ENTRIES = 1_000_000;
const ROUNDS = 9;
/**
 * Warm-up time in seconds. V8 compiles the code of a call during this time, and a younger process would look more expensive.
 */
const WARM_UP_S = 20;
const AT_ONCE = 200;

/**
 * Measures whether a call costs more with many keys, models or cache entries. Each gateway is compared in turn with a gateway
 * that has few.
 */
export async function measureGrowth(bench: Bench): Promise<Results> {
  const { rig, folder, say } = bench;
  const redis = await startRedisServer(['--enable-debug-command', 'yes']);
  moveAside(rig, redis.process);
  const peers: GatewayPeer[] = [];
  const start = async (redisUrl: string, models = ''): Promise<GatewayPeer> => {
    const peer = await startGateway(rig, { config: configuration(rig.upstreamPort, { models }), redisUrl, folder });
    peers.push(peer);
    return peer;
  };
  try {
    const model = (n: number): string =>
      `  model-${n}: { targets: [{ provider: up, model: model-${n}, price: { input: 1, output: 2 } }] }\n`;
    const few = await start(bench.redis.url);
    const withModels = await start(redis.url, Array.from({ length: MODELS }, (_, n) => model(n)).join(''));
    const withEntries = await start(redis.url);
    for (let seconds = 0; seconds < WARM_UP_S; seconds += 2) {
      const headers = seconds % 4 === 0 ? LIVE : {};
      for (const peer of peers) await measureServed(bench, peer, 'whole', { connections: 32, seconds: 2, headers });
    }
    const models = await compare(bench, few, withModels, LIVE);
    say(`with ${MODELS} models: ${models.toFixed(1)} %`);
    const client = new Redis(redis.url);
    await client.call('DEBUG', 'POPULATE', String(ENTRIES), 'sluice:cache:filler', '500');
    client.disconnect();
    const entries = await compare(bench, few, withEntries, {});
    say(`with ${ENTRIES} cache entries: ${entries.toFixed(1)} %`);
    await makeKeys(redis.url);
    await useKeys(withEntries.port);
    const keys = await compare(bench, few, withEntries, LIVE);
    say(`with ${KEYS} keys: ${keys.toFixed(1)} %`);
    return { models, entries, keys };
  } finally {
    for (const { child } of peers) child.kill('SIGKILL');
    await redis.stop();
  }
}

/** Returns the additional CPU time of a call through the second gateway, in percent. */
async function compare(
  bench: Bench,
  few: GatewayPeer,
  many: GatewayPeer,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  const load = { connections: 32, seconds: 1, headers };
  await measureServed(bench, many, 'whole', { ...load, seconds: 3 });
  await measureServed(bench, few, 'whole', { ...load, seconds: 3 });
  const more: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const cpus = new Map<GatewayPeer, number>();
    for (const peer of inOrderOf([few, many], round))
      cpus.set(peer, (await undisturbed(() => measureServed(bench, peer, 'whole', load))).cpu);
    more.push(((cpus.get(many) as number) / (cpus.get(few) as number) - 1) * 100);
  }
  return median(more);
}

const secretOf = (n: number): string => `sk-bench-of-many-${n}`;

async function inTurns(count: number, work: (n: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, n) => work(from + n)));
  }
}

async function makeKeys(url: string): Promise<void> {
  const stores = redisStores({ state: { kind: 'single', url } });
  await waitFor(() => stores.healthy(), 'Redis to be there');
  const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
  await inTurns(KEYS, (n) =>
    stores.keys.put({ name: `of-many-${n}`, hash: hashOf(secretOf(n)), tenant: `t${n % 1_000}`, limits: {} }),
  );
  await stores.close();
}

/** Calls with each key once, so that the gateway has all keys in memory. */
async function useKeys(port: number): Promise<void> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 50 });
  await inTurns(KEYS, async (n) => {
    const { statusCode, body } = await pool.request({
      method: 'GET',
      path: '/v1/models',
      headers: { authorization: `Bearer ${secretOf(n)}` },
    });
    await body.dump();
    if (statusCode !== 200) throw new Error(`key ${n} was answered with ${statusCode}`);
  });
  await pool.close();
}
