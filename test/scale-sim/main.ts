// Drives the real scripts against a Redis Cluster with the calls of very many tenants, and reports the load per shard.
//   --tenants N  100,000 by default          --skew S  exponent of the tenants' call rates (Zipf); 1 by default
//   --calls N    60,000 by default           --seed N  reproduces the same calls
//   --write      writes the report into docs/scaling.md
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { seededRandom } from '@sluice/core';
import { waitFor } from '@sluice/core/testing';
import { redisStores } from '@sluice/store/redis';
import calculateSlot from 'cluster-key-slot';
import { writeBetween } from '../bench/report.ts';
import { startRedisCluster } from '../support/redis-cluster.ts';
import { Calls } from './calls.ts';
import { planTable } from './plan.ts';
import { difference, type ShardLoad, Shards, sumOf } from './shards.ts';
import { measureSizes, sizesTable } from './sizes.ts';
import { nameOf, Tenants } from './tenants.ts';

const AT_ONCE = 64;
const PART_CALLS = 10_000;
const SLOTS = 16_384;
const SHARD_COUNTS = [1, 3, 6, 12, 24, 48];
const SCALING = fileURLToPath(new URL('../../docs/scaling.md', import.meta.url));

const { values } = parseArgs({
  options: {
    tenants: { type: 'string', default: '100000' },
    calls: { type: 'string', default: '60000' },
    skew: { type: 'string', default: '1' },
    seed: { type: 'string', default: '7' },
    write: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const [tenantCount, callCount, skew, seed] = [values.tenants, values.calls, values.skew, values.seed].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  if (![tenantCount, callCount, seed].every((one) => Number.isInteger(one) && one > 0) || !(skew >= 0)) {
    throw new Error('--tenants, --calls and --seed are whole numbers above zero, and --skew is a number from zero up');
  }
  const tenants = new Tenants(tenantCount, skew);
  const cluster = await startRedisCluster();
  const shards = new Shards(cluster);
  // long timeouts, because the simulation measures the work and not the latency
  const stores = redisStores({ state: { kind: 'cluster', nodes: cluster.nodes }, timeoutMs: 10_000, cacheTimeoutMs: 10_000 });
  try {
    await waitFor(() => stores.healthy(), 'the shards to be there');
    const random = seededRandom(seed);
    const calls = new Calls(stores, tenants, random);
    for (let n = 0; n < 100; n++) await calls.make();
    const hitsBefore = calls.hits;
    const before = await shards.loads();
    await many(callCount, () => calls.make());
    await calls.flush();
    const loads = difference(before, await shards.loads());
    const cpuOf = async (work: () => Promise<void>): Promise<number> => {
      const from = await shards.loads();
      await many(PART_CALLS, work);
      return sumOf(difference(from, await shards.loads()), 'cpu') / PART_CALLS;
    };
    const parts = {
      meters: await cpuOf(() => calls.meter()),
      cache: await cpuOf(() => calls.keep()),
      audit: await cpuOf(() => calls.record()),
    };
    const sizes = await measureSizes(stores, shards);
    const bytes = (sumOf(loads, 'bytesIn') + sumOf(loads, 'bytesOut')) / callCount;
    const text = [
      `\`npm run scale-sim\`: ${callCount} calls of ${tenantCount} tenants (Zipf, skew ${skew}, seed ${seed}) on ${cluster.nodes.length} shards; ${((100 * (calls.hits - hitsBefore)) / callCount).toFixed(0)} % of them hits.`,
      shardTable(loads, callCount),
      spreadTable(tenants),
      sizesTable(sizes),
      planTable({ parts, bytes, sizes, hottest: tenants.share(0) }),
    ].join('\n\n');
    process.stdout.write(`${text}\n`);
    if (values.write) writeBetween(SCALING, 'simulated', text);
  } finally {
    await stores.close();
    shards.close();
    await cluster.stop();
  }
}

async function many(count: number, work: () => Promise<void>): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await work();
    }),
  );
}

function shardTable(loads: readonly ShardLoad[], calls: number): string {
  const share = (load: ShardLoad, name: keyof ShardLoad): string => `${((100 * load[name]) / sumOf(loads, name)).toFixed(1)} %`;
  const rows = loads.map(
    (load, n) =>
      `| ${n + 1} | ${share(load, 'commands')} | ${share(load, 'cpu')} | ${share(load, 'bytesIn')} | ${share(load, 'keys')} | ${share(load, 'memory')} |`,
  );
  const each = (name: keyof ShardLoad): number => sumOf(loads, name) / calls;
  return [
    '| shard | commands | CPU | bytes in | keys | memory |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
    `A call took ${each('cpu').toFixed(0)} µs of the shards' CPU together, with ${each('commands').toFixed(1)} commands (those inside scripts too), ` +
      `${each('bytesIn').toFixed(0)} bytes to them and ${each('bytesOut').toFixed(0)} from them, and left ${each('keys').toFixed(2)} keys of ${(sumOf(loads, 'memory') / 1_048_576).toFixed(0)} MB in all behind.`,
  ].join('\n');
}

/** Returns a table of the tenants' keys over more shards, by Redis' own rule: how far the busiest shard exceeds its share. */
function spreadTable(tenants: Tenants): string {
  const bySlot = new Float64Array(SLOTS);
  for (let n = 0; n < tenants.count; n++) {
    const slot = calculateSlot(`sluice:{t:${nameOf(n)}}`);
    bySlot[slot] = (bySlot[slot] as number) + tenants.share(n);
  }
  const rows = SHARD_COUNTS.map((count) => {
    const loads = new Float64Array(count);
    bySlot.forEach((load, slot) => {
      const shard = Math.floor((slot * count) / SLOTS);
      loads[shard] = (loads[shard] as number) + load;
    });
    const busiest = Math.max(...loads);
    return `| ${count} | ${(100 / count).toFixed(1)} % | ${(100 * busiest).toFixed(1)} % | ${(busiest * count).toFixed(2)} |`;
  });
  return [
    `Meters by tenant (the busiest has ${(100 * tenants.share(0)).toFixed(1)} % of all calls, the first hundred ${(100 * tenantsUpTo(tenants, 100)).toFixed(0)} %):`,
    '',
    '| shards | an even part | the busiest has | times its part |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function tenantsUpTo(tenants: Tenants, count: number): number {
  let sum = 0;
  for (let n = 0; n < Math.min(count, tenants.count); n++) sum += tenants.share(n);
  return sum;
}

await main();
