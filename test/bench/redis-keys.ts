import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { Pool } from 'undici';
import { startRedisServer } from '../support/redis-server.ts';
import type { Bench } from './bench.ts';
import type { Results } from './goals.ts';
import { type GatewayPeer, moveAside, startGateway } from './peers.ts';
import { pinnedTo } from './process-cpu.ts';
import { countersOf, type RedisCounters } from './redis-cost.ts';
import { OTHER_CPU, type Rig } from './rig.ts';
import { inOrderOf, median } from './statistics.ts';
import { bodyFile, configuration, pathOf } from './workload.ts';

const run = promisify(execFile);
const LOAD = fileURLToPath(new URL('keyed-load.ts', import.meta.url));
const KEYS = { redisOneKey: 1, redisFewKeys: 32, redisManyKeys: 10_000 } as const;
const CONNECTIONS = 32;
/** The gateway writes records after the responses. */
const SETTLE_MS = 300;
const AT_ONCE = 32;
const DIFFERENT_CALLS = 30 * AT_ONCE;

export interface RedisByKeys {
  readonly results: Results;
  /** Cost of a live call per number of keys. */
  readonly each: readonly ({ readonly keys: number } & RedisCounters)[];
}

/** Measures the cost of a live call in Redis with one key, 32 and 10,000 keys, and the keys that calls leave. */
export async function measureRedisByKeys(bench: Bench): Promise<RedisByKeys> {
  const { rig, folder } = bench;
  const redis = await startRedisServer();
  moveAside(rig, redis.process);
  const client = new Redis(redis.url);
  const gateways: GatewayPeer[] = [];
  const start = async (configured: Parameters<typeof configuration>[1]): Promise<GatewayPeer> => {
    const config = configuration(rig.upstreamPort, configured);
    const gateway = await startGateway(rig, { config, folder, redisUrl: redis.url });
    gateways.push(gateway);
    return gateway;
  };
  try {
    const uncached = await start({ cache: false });
    const redisKeysLeft = await countKeysLeft(client, uncached.port);
    uncached.child.kill('SIGKILL');
    const { port } = await start({ furtherKeys: KEYS.redisManyKeys - 1 });
    const each = await costsOf(bench, client, port);
    const cpuOf = (keys: number): number => each.find((one) => one.keys === keys)?.cpu ?? Number.NaN;
    const { redisOneKey, redisFewKeys, redisManyKeys } = KEYS;
    const results = {
      redisOneKey: cpuOf(redisOneKey),
      redisFewKeys: cpuOf(redisFewKeys),
      redisManyKeys: cpuOf(redisManyKeys),
      redisKeysLeft,
    };
    return { results, each };
  } finally {
    for (const { child } of gateways) child.kill('SIGKILL');
    client.disconnect();
    await redis.stop();
  }
}

/** Measures the cost of a call in Redis while the gateway is saturated, in interleaved turns: the median of each counter. */
async function costsOf(bench: Bench, client: Redis, port: number): Promise<RedisByKeys['each']> {
  const { rig, quick } = bench;
  const file = bodyFile(bench.folder, 'whole');
  const counts = Object.values(KEYS);
  const turns = new Map<number, RedisCounters[]>(counts.map((keys) => [keys, []]));
  // the first calls with a key create its meters
  for (const keys of counts) await loadWithKeys(rig, port, file, keys, quick ? 1 : 5);
  await sleep(SETTLE_MS);
  for (let round = 1; round <= (quick ? 3 : 6); round++) {
    for (const keys of inOrderOf(counts, round)) {
      const before = await countersOf(client);
      const answered = await loadWithKeys(rig, port, file, keys, quick ? 1 : 2);
      await sleep(SETTLE_MS);
      const after = await countersOf(client);
      const each = (name: keyof RedisCounters): number => (after[name] - before[name]) / answered;
      turns.get(keys)?.push({ cpu: each('cpu'), bytesIn: each('bytesIn'), bytesOut: each('bytesOut') });
    }
  }
  return counts.map((keys) => {
    const of = (name: keyof RedisCounters): number => median((turns.get(keys) ?? []).map((turn) => turn[name]));
    return { keys, cpu: of('cpu'), bytesIn: of('bytesIn'), bytesOut: of('bytesOut') };
  });
}

/** Returns the number of responses. @throws Error if a call is refused or a connection breaks */
async function loadWithKeys({ pinning }: Rig, port: number, file: string, keys: number, seconds: number): Promise<number> {
  const options = [LOAD, port, CONNECTIONS, seconds, file, keys].map(String);
  const [command, args] = pinnedTo(OTHER_CPU, pinning, process.execPath, options);
  const { stdout } = await run(command, args);
  const { answered, refused, errors } = JSON.parse(stdout) as Record<'answered' | 'refused' | 'errors', number>;
  if (answered === 0 || refused + errors > 0)
    throw new Error(`${keys} keys: ${refused} of ${answered} were refused, and ${errors} connections broke`);
  return answered;
}

/** Counts the keys that different calls of one caller leave in Redis. */
async function countKeysLeft(client: Redis, port: number): Promise<number> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: AT_ONCE });
  const call = async (n: number): Promise<void> => {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: pathOf('whole'),
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-bench-0001' },
      body: JSON.stringify({ model: 'mock', messages: [{ role: 'user', content: `Question number ${n}` }] }),
    });
    await body.dump();
    if (statusCode !== 200) throw new Error(`call ${n} was answered with ${statusCode}`);
  };
  try {
    // meters and sums exist after the first call
    await call(-1);
    await sleep(SETTLE_MS);
    const before = await client.dbsize();
    for (let from = 0; from < DIFFERENT_CALLS; from += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => call(from + n)));
    await sleep(SETTLE_MS);
    return ((await client.dbsize()) - before) / DIFFERENT_CALLS;
  } finally {
    await pool.close();
  }
}

export function redisTable({ each }: RedisByKeys): string {
  const rows = each.map(({ keys, cpu, bytesIn, bytesOut }) => {
    const kb = (bytes: number): string => `${(bytes / 1_024).toFixed(1)} KB`;
    return `| ${keys.toLocaleString('en')} | ${cpu.toFixed(0)} µs | ${kb(bytesIn)} | ${kb(bytesOut)} |`;
  });
  return [
    "Redis' own part of a live call, with the gateway at saturation:",
    '',
    '| keys | CPU | to Redis | from Redis |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}
