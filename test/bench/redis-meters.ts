// Measures what the limits and the cache cost Redis, straight on the adapters: node test/bench/redis-meters.ts [--beside=FOLDER]
//   --beside=FOLDER  the root of another build of this repository, which is measured in turn with this one
import { pathToFileURL } from 'node:url';
import type { Cache, Charge, Meters } from '@sluice/store/ports';
import { Redis } from 'ioredis';
import { ensureRedisServer, startRedisServer } from '../support/redis-server.ts';

const ROUNDS = 8;
const CALLS_PER_ROUND = 1_500;
const WAIT = <T>(_operation: string, send: () => Promise<T>): Promise<T> => send();
const endsAtMs = Math.ceil(Date.now() / 86_400_000) * 86_400_000;

interface Build {
  readonly name: string;
  readonly client: Redis;
  readonly meters: Meters;
  readonly cache: Cache;
}

interface Load {
  readonly name: string;
  readonly concurrent: number;
  /** Returns the number of a call's key. */
  readonly key: () => number;
  /** Whether each key has its own tenant. */
  readonly ownTenants?: boolean;
}

interface Cost {
  /** CPU time of Redis per call, in microseconds. */
  readonly cpuUs: number;
  /** Commands per call within scripts, and all commands that the adapters sent. */
  readonly inner: number;
  readonly sent: number;
  readonly keysLeft: number;
  /** Duration of a call's operations, in microseconds. */
  readonly durationUs: number;
}

async function open(name: string, root: string, url: string): Promise<Build> {
  const load = (file: string) => import(pathToFileURL(`${root}/packages/store/dist/redis/${file}.js`).href);
  const [{ RedisMeters }, { RedisCache }, { KeyLayout }] = [await load('meters'), await load('cache'), await load('key-layout')];
  const client = new Redis(url);
  const layout = new KeyLayout(name);
  const meters = new RedisMeters({ state: client, background: new Redis(url), layout, wait: WAIT });
  return { name, client, meters, cache: new RedisCache(client, layout, WAIT, { now: Date.now }) };
}

/** Returns the charges of a live call: two windows, slots and a budget. */
const chargesOf = (): Charge[] => [
  { kind: 'window', meter: 'requests', limit: 1e8, windowMs: 60_000, amount: 1 },
  { kind: 'window', meter: 'tokens', limit: 1e11, windowMs: 60_000, amount: 4_900 },
  { kind: 'concurrency', meter: 'concurrent', limit: 10_000, leaseMs: 30_000 },
  { kind: 'budget', meter: 'budget', limit: 1e15, amount: 9e6, period: 'today', endsAtMs, leaseMs: 30_000 },
];

const actualOf = ({ kind, meter }: Charge): number => (kind === 'budget' ? 900_000 : meter === 'tokens' ? 700 : 1);

let calls = 0;

async function call({ meters, cache }: Build, load: Load): Promise<void> {
  const subject = `key-${load.key()}`;
  const tenant = load.ownTenants ? subject : 'tenant';
  const callId = `aaaaaaaa-bbbb-4ccc-8ddd-${String(++calls).padStart(12, '0')}`;
  const reservation = meters.reserve({ tenant, subject, callId, charges: chargesOf() });
  const lookUp = cache.get({ scope: tenant, namespace: '', model: 'model', digest: callId });
  const [result] = await Promise.all([reservation, lookUp]);
  if (!result.admitted) throw new Error('a call was refused');
  const charges = result.reserved.map((one) => ({ ...one, actual: actualOf(one.charge) }));
  await meters.settle({ tenant, subject, callId, charges });
}

async function counters(
  client: Redis,
): Promise<{ cpuUs: number; commands: number; scripts: number; reads: number; keys: number }> {
  const info = await client.info('everything');
  const number = (name: string): number => Number(new RegExp(`^${name}[:=]([\\d.]+)`, 'm').exec(info)?.[1] ?? 0);
  const commands = [...info.matchAll(/^cmdstat_[^:]+:calls=(\d+)/gm)].reduce((sum, [, calls]) => sum + Number(calls), 0);
  const of = (command: string): number => number(`cmdstat_${command}:calls`);
  return {
    cpuUs: (number('used_cpu_user') + number('used_cpu_sys')) * 1e6,
    commands: commands - of('info') - of('dbsize'),
    scripts: of('evalsha') + of('eval'),
    reads: of('get') + of('mget'),
    keys: await client.dbsize(),
  };
}

/** Measures one round: the calls of a build begin in turns of the event loop, as those of a busy gateway. */
async function measure(build: Build, load: Load): Promise<Cost> {
  const { client } = build;
  const before = await counters(client);
  const began = performance.now();
  const turns = Math.ceil(CALLS_PER_ROUND / load.concurrent);
  for (let turn = 0; turn < turns; turn++) {
    await Promise.all(Array.from({ length: load.concurrent }, () => call(build, load)));
  }
  const durationUs = ((performance.now() - began) * 1_000) / turns;
  const after = await counters(client);
  const number = turns * load.concurrent;
  const sent = after.scripts - before.scripts + (after.reads - before.reads);
  return {
    cpuUs: (after.cpuUs - before.cpuUs) / number,
    inner: (after.commands - before.commands - sent) / number,
    sent: sent / number,
    keysLeft: (after.keys - before.keys) / number,
    durationUs,
  };
}

/** Returns numbers from 0 to `count` - 1, of which the n-th is drawn in proportion to 1 / n. */
function zipf(count: number): () => number {
  const sums: number[] = [];
  let sum = 0;
  for (let n = 1; n <= count; n++) {
    sum += 1 / n;
    sums.push(sum);
  }
  return () => {
    const drawn = Math.random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) < drawn) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

let turn = 0;
const LOADS: readonly Load[] = [
  { name: 'lone call, 1 key', concurrent: 1, key: () => 0 },
  { name: '32 at once, 1 key', concurrent: 32, key: () => 0 },
  { name: '32 at once, 32 keys', concurrent: 32, key: () => ++turn % 32 },
  { name: '32 at once, 10,000 keys (Zipf)', concurrent: 32, key: zipf(10_000) },
  { name: '32 at once, 32 tenants', concurrent: 32, key: () => ++turn % 32, ownTenants: true },
  { name: '32 at once, 10,000 tenants (Zipf)', concurrent: 32, key: zipf(10_000), ownTenants: true },
  { name: '32 at once, 100,000 tenants (Zipf)', concurrent: 32, key: zipf(100_000), ownTenants: true },
];

const best = (costs: readonly Cost[], of: keyof Cost): string => Math.min(...costs.map((cost) => cost[of])).toFixed(1);

ensureRedisServer();
const redis = await startRedisServer();
try {
  const beside = /--beside=(\S+)/.exec(process.argv.join(' '))?.[1];
  const builds = [await open('new', process.cwd(), redis.url)];
  if (beside !== undefined) builds.push(await open('old', beside, redis.url));
  const costs = new Map<string, Cost[]>();
  // the speed of a shared machine changes within seconds: each round measures all loads
  for (let round = 0; round <= ROUNDS; round++) {
    for (const load of LOADS) {
      for (const build of builds) {
        const cost = await measure(build, load);
        const name = `${load.name}: ${build.name}`;
        // the first round creates the meters
        if (round > 0) costs.set(name, [...(costs.get(name) ?? []), cost]);
      }
    }
  }
  for (const [name, some] of costs) {
    const text = `${best(some, 'cpuUs')} us, ${best(some, 'inner')} commands in scripts, ${best(some, 'sent')} sent`;
    console.log(`${name} ${text}, ${best(some, 'keysLeft')} keys left, ${best(some, 'durationUs')} us per turn`);
  }
} finally {
  await redis.stop();
}
process.exit(0);
