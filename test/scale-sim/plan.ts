import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Sizes } from './sizes.ts';

const BENCH = fileURLToPath(new URL('../../docs/measured/bench.json', import.meta.url));
const RATES = [1_000, 10_000, 100_000];
/** Maximum planned utilization. */
const BUSY = 0.6;
/** Retention of a call's state and of a cache entry, in seconds, and the number of stored audit records. */
const CALL_S = 300;
const CACHE_S = 3_600;
const AUDIT_RECORDS = 100_000;
/** The default of `audit.shards`. */
const AUDIT_SHARDS = 16;
/** Bytes of a call without Redis: prompt and response, from the client and to the provider, and back. */
const CALL_BYTES = 2 * (2_048 + 1_024);

export interface Measured {
  /** Redis' CPU time per call, in microseconds. */
  readonly parts: Readonly<Record<'meters' | 'cache' | 'audit', number>>;
  /** Bytes to and from Redis per call. */
  readonly bytes: number;
  readonly sizes: Sizes;
  /** The share of all calls that the tenant with the most calls has. */
  readonly hottest: number;
}

/** Returns the resources for 1,000, 10,000 and 100,000 live calls per second, extrapolated from the measurements. */
export function planTable({ parts, bytes, sizes, hottest }: Measured): string {
  const { calls } = JSON.parse(readFileSync(BENCH, 'utf8')) as { calls: { live: { cpu: number } } };
  const replicaCarries = (BUSY * 1e6) / calls.live.cpu;
  // a single shard has the audit records of the hottest tenant and of its part of the others, and its meters
  const ofAudit = hottest + (1 - hottest) / AUDIT_SHARDS;
  const auditCarries = (BUSY * 1e6) / (parts.audit * ofAudit);
  const hottestCarries = (BUSY * 1e6) / (parts.meters * hottest);
  const spread = parts.meters + parts.cache;
  const columns = RATES.map((rate) => {
    const busy = (rate * (spread + parts.audit)) / 1e6;
    const memory = rate * (CALL_S * sizes.call + CACHE_S * sizes.entry) + AUDIT_RECORDS * sizes.record;
    return [
      Math.ceil(rate / replicaCarries).toFixed(0),
      busy.toFixed(1),
      busy <= BUSY ? 'one Redis' : `Cluster of ${Math.max(3, Math.ceil(busy / BUSY))}`,
      `${((rate * bytes * 8) / 1e6).toFixed(0)} Mbit/s`,
      `${((rate * CALL_BYTES * 8) / 1e6).toFixed(0)} Mbit/s`,
      `${(memory / 2 ** 30).toFixed(1)} GiB`,
      `${((100 * rate * ofAudit * parts.audit) / 1e6).toFixed(0)} %`,
      `${((100 * rate * hottest * parts.meters) / 1e6).toFixed(0)} %`,
    ];
  });
  const names = [
    'replicas, a core each',
    "cores' worth of Redis",
    'so',
    'between replicas and Redis',
    'through the replicas',
    'Redis memory: calls of 5 min, every answer kept 1 h, 100,000 records',
    "of a core, the audit trail's busiest shard",
    "of a core, the hottest tenant's meters",
  ];
  return [
    `Redis' CPU for a live call: ${parts.meters.toFixed(0)} µs meters, ${parts.cache.toFixed(0)} µs cache, ${parts.audit.toFixed(0)} µs audit trail and sums of usage. A replica's: ${calls.live.cpu.toFixed(0)} µs.`,
    `At ${BUSY * 100} % busy one replica so carries ${replicaCarries.toFixed(0)} live calls a second, and one Redis ${((BUSY * 1e6) / (spread + parts.audit)).toFixed(0)}. ` +
      `Where the hottest tenant has ${(100 * hottest).toFixed(1)} % of all calls, its shard of the audit trail takes ${auditCarries.toFixed(0)} in all, and that of its meters ${hottestCarries.toFixed(0)}.`,
    `| calls a second | ${RATES.map((rate) => rate.toLocaleString('en')).join(' | ')} |\n|---|${'---|'.repeat(RATES.length)}\n${names.map((name, n) => `| ${name} | ${columns.map((column) => column[n]).join(' | ')} |`).join('\n')}`,
  ].join('\n\n');
}
