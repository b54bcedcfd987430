import type { AuditShards } from './audit-shards.ts';
import type { RedisClient } from './connections.ts';
import type { KeyLayout } from './key-layout.ts';
import { infoOf } from './stream-info.ts';

/** Records beyond the limit that stay until the next trim, as a share of the limit: one trim drops many records. */
const SLACK = 0.1;
/** A writer counts the stored records after it has added this share of the limit, and at least this number. */
const COUNT_EVERY = 0.01;
const COUNT_EVERY_RECORDS = 100;
/** Steps of the search for the time of the oldest record to keep: 2^-40 of the whole time. */
const STEPS = 40;

export interface AuditRetentionOptions {
  readonly client: RedisClient;
  readonly layout: KeyLayout;
  readonly shards: AuditShards;
  readonly maxRecords: number;
  /** Called if records could not be dropped, for example without the right to `XTRIM`. */
  readonly onFault: (error: unknown) => void;
}

/** A stream's number of records, and the times of its oldest and newest one in ms. */
interface StreamSpan {
  readonly stream: string;
  readonly length: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/**
 * Drops the oldest records over all shards beyond the limit. Each stream alone has at most the limit (append-audit.lua). If all
 * together have more, each drops its records of before one time, computed so that the limit remains. The number of dropped
 * records is exact; which ones are dropped assumes an even rate within each stream. Two replicas that trim at once drop the same.
 */
export class AuditRetention {
  readonly #client: RedisClient;
  readonly #layout: KeyLayout;
  readonly #shards: AuditShards;
  readonly #maxRecords: number;
  readonly #onFault: (error: unknown) => void;
  #added = 0;
  #isTrimming = false;

  constructor({ client, layout, shards, maxRecords, onFault }: AuditRetentionOptions) {
    this.#client = client;
    this.#layout = layout;
    this.#shards = shards;
    this.#maxRecords = maxRecords;
    this.#onFault = onFault;
  }

  /** Counts records that this replica has added, and trims now and then. */
  added(records: number): void {
    this.#added += records;
    if (this.#isTrimming || this.#added < Math.max(COUNT_EVERY_RECORDS, this.#maxRecords * COUNT_EVERY)) return;
    this.#added = 0;
    this.#isTrimming = true;
    // the records are written: a later trim drops what this one did not
    this.trim()
      .catch(this.#onFault)
      .finally(() => {
        this.#isTrimming = false;
      });
  }

  async trim(): Promise<void> {
    const streams = (await this.#shards.all()).map((shard) => this.#layout.auditStream(shard));
    const lengths = await Promise.all(streams.map((stream) => this.#client.xlen(stream)));
    const total = lengths.reduce((sum, length) => sum + length, 0);
    if (total <= this.#maxRecords * (1 + SLACK)) return;
    const spans = await Promise.all(streams.filter((_, n) => lengths[n] !== 0).map((stream) => this.#spanOf(stream)));
    const fromMs = oldestKept(spans, this.#maxRecords);
    const trims = spans.map(async (span) => {
      const keep = Math.ceil(recordsSince(span, fromMs));
      if (keep < span.length) await this.#client.xtrim(span.stream, 'MAXLEN', keep);
    });
    await Promise.all(trims);
  }

  async #spanOf(stream: string): Promise<StreamSpan> {
    const info = infoOf(await this.#client.xinfo('STREAM', stream));
    return {
      stream,
      length: Number(info.get('length')),
      firstMs: msOf(info.get('first-entry')),
      lastMs: msOf(info.get('last-entry')),
    };
  }
}

/** Returns the time of an entry, in ms; 0 for an empty stream. */
function msOf(entry: unknown): number {
  return Array.isArray(entry) ? Number.parseInt(String(entry[0]), 10) : 0;
}

/** Returns the number of a stream's records since a time, if their rate is even. */
function recordsSince({ length, firstMs, lastMs }: StreamSpan, ms: number): number {
  if (ms <= firstMs) return length;
  return ms > lastMs ? 0 : (length * (lastMs - ms)) / (lastMs - firstMs);
}

/** Returns the time since which all streams together have the given number of records. */
function oldestKept(spans: readonly StreamSpan[], count: number): number {
  let earliest = Math.min(...spans.map(({ firstMs }) => firstMs));
  let latest = Math.max(...spans.map(({ lastMs }) => lastMs));
  for (let step = 0; step < STEPS; step++) {
    const middle = (earliest + latest) / 2;
    const since = spans.reduce((sum, span) => sum + recordsSince(span, middle), 0);
    if (since > count) earliest = middle;
    else latest = middle;
  }
  return latest;
}
