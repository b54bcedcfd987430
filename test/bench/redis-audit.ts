// Measures what records, usage sums and the ledger cost Redis, straight on the adapter: node test/bench/redis-audit.ts [--beside=FOLDER] [--only=TEXT]
//   --beside=FOLDER  the root of another build of this repository, which is measured in turn with this one
//   --only=TEXT      measures only loads with this text in their name
import { pathToFileURL } from 'node:url';
import type { AuditRecord } from '@sluice/proxies';
import type { AuditTrail } from '@sluice/store/ports';
import { Redis } from 'ioredis';
import { AuditWriter } from '../../services/gateway/src/records/audit-writer.ts';
import { ensureRedisServer, startRedisServer } from '../support/redis-server.ts';
import { zipfIndices } from './statistics.ts';

const ROUNDS = 6;
const CALLS_PER_ROUND = 4_000;
/** Calls between two writes: 50 ms at 1,280 calls per second. */
const CALLS_PER_WRITE = 64;
/** Maximum number of records, so that the streams stay small. */
const MAX_RECORDS = 10_000;

interface Build {
  readonly name: string;
  readonly client: Redis;
  readonly writer: AuditWriter;
}

interface Load {
  readonly name: string;
  /** Returns the number of a call's key. */
  readonly key: () => number;
  /** Whether each key has its own tenant. */
  readonly ownTenants?: boolean;
  readonly tags?: AuditRecord['tags'];
}

interface Cost {
  /** CPU time of Redis per call, in microseconds. */
  readonly cpuUs: number;
  readonly bytesIn: number;
  /** Scripts per call, and commands within them by name. */
  readonly scripts: number;
  readonly commands: ReadonlyMap<string, number>;
}

const health = { success: () => {}, failure: (error: unknown) => console.error(error) };
const counter = { inc: () => {} } as never;

async function open(name: string, root: string, url: string, shards: number): Promise<Build> {
  const load = (file: string) => import(pathToFileURL(`${root}/packages/store/dist/redis/${file}.js`).href);
  const [{ RedisAuditTrail }, { KeyLayout }] = [await load('audit-trail'), await load('key-layout')];
  const trail: AuditTrail = new RedisAuditTrail(new Redis(url), new KeyLayout(name, shards), MAX_RECORDS);
  const writer = new AuditWriter({
    ...{ trail, health, logLines: () => {}, meters: { raiseToLedger: async () => {} } },
    metrics: { auditDropped: counter, auditSetAside: counter },
  });
  return { name, client: new Redis(url), writer };
}

let calls = 0;

/** Returns the record that the gateway makes of a live call. */
function recordOf({ key, ownTenants, tags = {} }: Load): AuditRecord {
  const number = key();
  return {
    time: new Date().toISOString(),
    requestId: `aaaaaaaa-bbbb-4ccc-8ddd-${String(++calls).padStart(12, '0')}`,
    ...{ outcome: 'answered', status: 200, error: null, attempts: 1, route: 'POST /v1/chat/completions', cache: 'miss' },
    ...{
      key: `key-${number}`,
      tenant: ownTenants ? `tenant-${number}` : 'tenant',
      model: 'mock',
      target: 'up/mock',
      provider: 'up',
    },
    ...{ inputTokens: 420, outputTokens: 170, costNanos: 760_000, latencyMs: 812.345, tags },
  };
}

async function counters(client: Redis) {
  const info = await client.info('everything');
  const number = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0);
  const commands = new Map(
    [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name, count]) => [name as string, Number(count)]),
  );
  return { cpuUs: (number('used_cpu_user') + number('used_cpu_sys')) * 1e6, bytesIn: number('total_net_input_bytes'), commands };
}

async function measure({ client, writer }: Build, load: Load): Promise<Cost> {
  const before = await counters(client);
  for (let n = 1; n <= CALLS_PER_ROUND; n++) {
    const record = recordOf(load);
    const budget = { tenant: record.tenant as string, subject: record.key as string, period: record.time.slice(0, 10) };
    writer.write(record, [{ ...budget, meter: 'budget' } as never]);
    if (n % CALLS_PER_WRITE === 0) await writer.flush();
  }
  await writer.flush();
  const after = await counters(client);
  const each = new Map(
    [...after.commands].map(([name, count]) => [name, (count - (before.commands.get(name) ?? 0)) / CALLS_PER_ROUND]),
  );
  const scripts = (each.get('evalsha') ?? 0) + (each.get('eval') ?? 0);
  const ofWork = [...each].filter(([name, count]) => count > 0.001 && !/^(evalsha|eval|info|hsetnx|client|config)/.test(name));
  return {
    cpuUs: (after.cpuUs - before.cpuUs) / CALLS_PER_ROUND,
    bytesIn: (after.bytesIn - before.bytesIn) / CALLS_PER_ROUND,
    scripts,
    commands: new Map(ofWork),
  };
}

let turn = 0;
const LOADS: readonly Load[] = [
  { name: '1 key', key: () => 0 },
  { name: '32 keys', key: () => ++turn % 32 },
  { name: '10,000 keys (Zipf)', key: zipfIndices(10_000) },
  { name: '32 tenants', key: () => ++turn % 32, ownTenants: true },
  { name: '10,000 tenants (Zipf)', key: zipfIndices(10_000), ownTenants: true },
  { name: '100,000 tenants (Zipf)', key: zipfIndices(100_000), ownTenants: true },
  { name: '32 tenants, 2 tags', key: () => ++turn % 32, ownTenants: true, tags: { user: 'alice', stage: 'test' } },
];

const best = (costs: readonly Cost[], of: 'cpuUs' | 'bytesIn' | 'scripts'): number => Math.min(...costs.map((cost) => cost[of]));

ensureRedisServer();
const redis = await startRedisServer();
try {
  const beside = /--beside=(\S+)/.exec(process.argv.join(' '))?.[1];
  const roots = [['new', process.cwd()], ...(beside === undefined ? [] : [['old', beside]])] as [string, string][];
  const builds: Build[] = [];
  for (const [name, root] of roots) {
    for (const shards of [1, 16]) builds.push(await open(`${name}, ${shards} shards`, root, redis.url, shards));
  }
  const only = /--only=(.+)/.exec(process.argv.at(-1) ?? '')?.[1] ?? '';
  const costs = new Map<string, Cost[]>();
  // the speed of a shared machine changes within seconds: each round measures all loads
  for (let round = 0; round <= ROUNDS; round++) {
    for (const load of LOADS.filter(({ name }) => name.includes(only))) {
      for (const build of builds) {
        const cost = await measure(build, load);
        const name = `${load.name}: ${build.name}`;
        // the first round creates the hashes
        if (round > 0) costs.set(name, [...(costs.get(name) ?? []), cost]);
      }
    }
  }
  for (const [name, some] of costs) {
    const commands = [...(some.at(-1)?.commands ?? [])].map(([command, count]) => `${command} ${count.toFixed(2)}`).join(' ');
    console.log(
      `${name}: ${best(some, 'cpuUs').toFixed(1)} us, ${best(some, 'bytesIn').toFixed(0)} bytes, ` +
        `${best(some, 'scripts').toFixed(3)} scripts (${commands})`,
    );
  }
} finally {
  await redis.stop();
}
process.exit(0);
