import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import {
  type Appended,
  type AuditBatch,
  type AuditReader,
  type AuditReaderOptions,
  type AuditTrail,
  type StoredRecord,
  USAGE_RETENTION,
  type UsageRetention,
  type UsageSum,
  type UsageTable,
  usageTableOf,
} from '../ports/index.ts';
import { AuditBatches, BatchSums } from './audit-batches.ts';
import { RedisAuditReader } from './audit-reader.ts';
import { AuditRetention } from './audit-retention.ts';
import { AuditShards } from './audit-shards.ts';
import type { RedisClient } from './connections.ts';
import type { AuditShard, KeyLayout } from './key-layout.ts';
import { readMerged } from './merged-streams.ts';
import { packedAmounts, packedField, readUsage, ZEROS } from './packed-usage.ts';
import { Script } from './script.ts';

const STREAM_TIME = new Script('stream-time');
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
  readonly #batches: AuditBatches;
  readonly #retention: UsageRetention;
  readonly #shards: AuditShards;
  readonly #records: AuditRetention;

  constructor(background: RedisClient, layout: KeyLayout, maxRecords: number, options: RedisAuditTrailOptions = {}) {
    this.#background = background;
    this.#layout = layout;
    this.#batches = new AuditBatches(background, maxRecords);
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
    const sums = this.#sumsOf(batch);
    const layout = this.#layout;
    const { numbers, fields } = sums.written();
    const written = await this.#batches.write({
      keys: [layout.auditBatch(shard, id), layout.auditStream(shard), layout.auditBatch(shard, before), ...sums.keys],
      numbers: [records.length, sums.keys.length, ...numbers],
      texts: [...records, ...fields],
    });
    this.#records.added(records.length);
    return { setAside: written.isNew ? sums.setAside + written.setAside : 0, lostData: !written.previousExists };
  }

  #sumsOf({ shard, usage, spent = [] }: AuditBatch): BatchSums {
    const { keepMs, keepDetailedMs } = this.#retention;
    const sums = new BatchSums();
    for (const sum of usage) {
      const table = usageTableOf(sum);
      const hash = this.#layout.usage(shard, sum.day, table);
      const options = { ttlMs: table === 'days' ? keepMs : keepDetailedMs, zeros: ZEROS };
      sums.add(hash, options, packedField(sum), packedAmounts(sum));
    }
    for (const { tenant, subject, period, amount } of spent) {
      const options = { ttlMs: spentTtlMs(period), zeros: 0 };
      sums.add(this.#layout.spent(shard, period), options, this.#layout.spentOf(tenant, subject), [amount]);
    }
    return sums;
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
    return readUsage(day, hashes);
  }
}

const RECONNECTED = ['ready', '+node'] as const;
