import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import {
  type Appended,
  type AuditBatch,
  type AuditReader,
  type AuditReaderOptions,
  type AuditTrail,
  combinationOf,
  type StoredRecord,
  USAGE_AMOUNTS,
  USAGE_DIMENSIONS,
  USAGE_RETENTION,
  type UsageAmounts,
  type UsageOf,
  type UsageRetention,
  type UsageSum,
  type UsageTable,
  usageTableOf,
} from '../ports/index.ts';
import { RedisAuditReader } from './audit-reader.ts';
import { AuditRetention } from './audit-retention.ts';
import { AuditShards } from './audit-shards.ts';
import type { RedisClient } from './connections.ts';
import type { AuditShard, KeyLayout } from './key-layout.ts';
import { readMerged } from './merged-streams.ts';
import { Script } from './script.ts';

const APPEND = new Script('append-audit');
const STREAM_TIME = new Script('stream-time');
/** Index in KEYS of the first hash of sums (append-audit.lua). */
const FIRST_SUMS = 4;
/** Hashes of sums that are read at once. */
const HASHES_AT_ONCE = 1_000;
/** Pause before a read of the newest records, in ms: by then the clock of Redis is past all records that were written before. */
const PAST_MS = 2;

/** Returns the retention of a period's ledger in ms, 0 for ever. It is longer than the lifetime of the period's counters. */
function spentTtlMs(period: string): number {
  if (period === 'total') return 0;
  return (period.length === 'YYYY-MM'.length ? 40 : 3) * 86_400_000;
}

export interface RedisAuditTrailOptions {
  readonly usageRetention?: UsageRetention;
  /** Called if records beyond the limit could not be dropped. */
  readonly onTrimFault?: (error: unknown) => void;
}

/**
 * Stores the records of all replicas in one stream per shard, and usage sums in one hash per shard, day and table. A batch is one
 * script on the keys of its shard.
 */
export class RedisAuditTrail implements AuditTrail {
  readonly #background: RedisClient;
  readonly #layout: KeyLayout;
  readonly #maxRecords: number;
  readonly #retention: UsageRetention;
  readonly #shards: AuditShards;
  readonly #records: AuditRetention;

  constructor(background: RedisClient, layout: KeyLayout, maxRecords: number, options: RedisAuditTrailOptions = {}) {
    this.#background = background;
    this.#layout = layout;
    this.#maxRecords = maxRecords;
    this.#retention = options.usageRetention ?? USAGE_RETENTION;
    this.#shards = new AuditShards(background, layout);
    const onFault = options.onTrimFault ?? (() => {});
    this.#records = new AuditRetention({ client: background, layout, shards: this.#shards, maxRecords, onFault });
  }

  shardOf(tenant: string): number {
    return this.#shards.of(tenant);
  }

  async append(batch: AuditBatch, before = batch.id): Promise<Appended> {
    const { id, shard, records, usage, spent = [] } = batch;
    if (records.length === 0 && usage.length === 0 && spent.length === 0) return { setAside: 0, lostData: false };
    await this.#shards.register();
    const { ttls, names, amounts } = this.#sumsOf(batch);
    const layout = this.#layout;
    const keys = [layout.auditBatch(shard, id), layout.auditStream(shard), layout.auditBatch(shard, before), ...names];
    const args = [this.#maxRecords, records.length, ...ttls, ...records, ...amounts];
    const [, there, setAside = 0] = (await APPEND.run(this.#background, keys, args)) as number[];
    this.#records.added(records.length);
    return { setAside, lostData: there === 0 };
  }

  /** Returns the hashes that a batch adds to, their retention, and for each amount the index of its hash, its field and itself. */
  #sumsOf({ shard, usage, spent = [] }: AuditBatch) {
    const { keepMs, keepDetailedMs } = this.#retention;
    const indexes = new Map<string, number>();
    const ttls: number[] = [];
    const hashOf = (name: string, ttlMs: number): number => {
      const known = indexes.get(name);
      if (known !== undefined) return known;
      const index = indexes.size + FIRST_SUMS;
      indexes.set(name, index);
      ttls.push(ttlMs);
      return index;
    };
    const amounts: (number | string)[] = [];
    for (const sum of usage) {
      const table = usageTableOf(sum);
      const hash = hashOf(this.#layout.usage(shard, sum.day, table), table === 'days' ? keepMs : keepDetailedMs);
      const combination = combinationOf(sum);
      for (const amount of USAGE_AMOUNTS) {
        // zero amounts are not written
        if (sum[amount] !== 0) amounts.push(hash, `${amount} ${combination}`, sum[amount]);
      }
    }
    for (const { tenant, subject, period, amount } of spent) {
      const hash = hashOf(this.#layout.spent(shard, period), spentTtlMs(period));
      amounts.push(hash, this.#layout.spentOf(tenant, subject), amount);
    }
    return { ttls, names: indexes.keys(), amounts };
  }

  async has({ id, shard }: Pick<AuditBatch, 'id' | 'shard'>): Promise<boolean> {
    return (await this.#background.strlen(this.#layout.auditBatch(shard, id))) > 0;
  }

  onReconnect(listener: () => void): () => void {
    // a Cluster reports `+node` when a node was replaced
    for (const event of RECONNECTED) this.#background.on(event, listener);
    return () => {
      for (const event of RECONNECTED) this.#background.off(event, listener);
    };
  }

  async latest(count: number, before?: string): Promise<readonly StoredRecord[]> {
    const range = { direction: 'newest first', from: before } as const;
    return readMerged(this.#background, this.#layout, await this.#shards.all(), range, count);
  }

  async after(position: string, count: number): Promise<readonly StoredRecord[]> {
    const shards = await this.#shards.all();
    // A shard that is read first may get a record meanwhile that is older than the last one of another shard, and the next page
    // begins after that one. So a page ends at a time after which each shard has set the time of all its further records.
    await sleep(PAST_MS);
    const endMs = Math.min(...(await this.#timesOf(shards))) - 1;
    const range = { direction: 'oldest first', from: position, end: String(endMs) } as const;
    return readMerged(this.#background, this.#layout, shards, range, count);
  }

  /** Returns the present times of the shards' servers, in ms. */
  async #timesOf(shards: readonly AuditShard[]): Promise<number[]> {
    const client = this.#background;
    const times =
      client instanceof Cluster
        ? shards.map((shard) => STREAM_TIME.run(client, [this.#layout.auditStream(shard)], []))
        : [client.time()];
    return (await Promise.all(times)).map((time) => {
      const [seconds, microseconds] = (time as (number | string)[]).map(Number);
      return (seconds ?? 0) * 1_000 + Math.floor((microseconds ?? 0) / 1_000);
    });
  }

  reader(options: AuditReaderOptions): AuditReader {
    return new RedisAuditReader(this.#background, this.#layout, this.#shards, options);
  }

  async usage(days: readonly string[], table: UsageTable = 'days'): Promise<readonly UsageSum[]> {
    const shards = await this.#shards.all();
    const daysAtOnce = Math.max(1, Math.floor(HASHES_AT_ONCE / shards.length));
    const sums: UsageSum[] = [];
    for (let n = 0; n < days.length; n += daysAtOnce) {
      const read = days.slice(n, n + daysAtOnce).map((day) => this.#readDay(shards, day, table));
      for (const some of await Promise.all(read)) for (const sum of some) sums.push(sum);
    }
    return sums;
  }

  async #readDay(shards: readonly AuditShard[], day: string, table: UsageTable): Promise<UsageSum[]> {
    const hashes = await Promise.all(shards.map((shard) => this.#background.hgetall(this.#layout.usage(shard, day, table))));
    return sumsOfDay(day, hashes);
  }
}

const RECONNECTED = ['ready', '+node'] as const;

/** Adds up the hashes of a day. A field is the name of an amount, a space, and the combination. */
function sumsOfDay(day: string, hashes: readonly Readonly<Record<string, string>>[]): UsageSum[] {
  const found = new Map<string, Record<keyof UsageAmounts, number>>();
  for (const [field, value] of hashes.flatMap((hash) => Object.entries(hash))) {
    const space = field.indexOf(' ');
    const combination = field.slice(space + 1);
    let amounts = found.get(combination);
    if (amounts === undefined) {
      amounts = Object.fromEntries(USAGE_AMOUNTS.map((amount) => [amount, 0])) as Record<keyof UsageAmounts, number>;
      found.set(combination, amounts);
    }
    const amount = field.slice(0, space) as keyof UsageAmounts;
    amounts[amount] = (amounts[amount] ?? 0) + Number(value);
  }
  return [...found].map(([combination, amounts]) => {
    const names = JSON.parse(combination) as string[];
    const of = Object.fromEntries(USAGE_DIMENSIONS.map((dimension, n) => [dimension, names[n] ?? ''])) as unknown as UsageOf;
    const [hour = '', tag = '', reason] = names.slice(USAGE_DIMENSIONS.length);
    return { day, hour, tag, ...of, ...(reason === undefined ? {} : { reason }), ...amounts };
  });
}
