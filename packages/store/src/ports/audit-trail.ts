import type { Money } from '@sluice/core';
import type { UsageSum, UsageTable } from './usage-sums.ts';

/** A batch of records of one shard, and the amounts that their calls add to the sums. */
export interface AuditBatch {
  /** Identifies the batch. A batch that is written twice counts once. */
  readonly id: string;
  /** The shard of its tenants, from `shardOf`. */
  readonly shard: number;
  /** Each a line of JSON. */
  readonly records: readonly string[];
  readonly usage: readonly UsageSum[];
  /** Amounts that its calls add to the ledger of budgets. */
  readonly spent?: readonly SpentSum[];
}

/** The spend of one budget by the ledger. A lost counter is restored from it. */
export interface SpentSum {
  readonly tenant: string;
  readonly subject: string;
  /** `2026-11-24`, `2026-11` or `total`. */
  readonly period: string;
  readonly amount: Money;
}

/** A record in the trail. */
export interface StoredRecord {
  /**
   * Position in the trail: the time in milliseconds, a number within that millisecond, and the shard, with hyphens between them.
   * Records of versions without shards have no third number. Positions are ordered by these numbers.
   */
  readonly position: string;
  readonly record: string;
}

/** Records that one reader receives. */
export interface AuditPage {
  readonly records: readonly StoredRecord[];
  /** Number of records that were dropped from the trail before a reader of the group received them. */
  readonly lost: number;
  /** The error of a shard that could not be read. Its records are in a later page. */
  readonly failure?: unknown;
}

/** A reader of a group. The readers of a group share the trail: each record is processed by one of them. */
export interface AuditReader {
  /**
   * Returns up to `count` unfinished records: of each shard those of a crashed reader first, then new ones.
   *
   * @throws the store's error if no shard could be read
   */
  read(count: number): Promise<AuditPage>;
  /** Marks records as complete: no reader receives them again. @throws the error of a shard, after the others are marked */
  finish(positions: readonly string[]): Promise<void>;
  /** Returns the number of records that the group has not finished. */
  behind(): Promise<number>;
  /** Stops reading. Other readers receive the unfinished records of this reader. */
  close(): Promise<void>;
}

export interface AuditReaderOptions {
  /** Name of the group. All replicas share the position of a group, and the store keeps it. */
  readonly group: string;
  /** Time after which another reader receives the unfinished records of a reader, in milliseconds. */
  readonly claimAfterMs: number;
}

/** Result of writing a batch. */
export interface Appended {
  /** Number of amounts that could not be added: not an integer from 0 to 2^53 - 1, or above the maximum of the sum. */
  readonly setAside: number;
  /** True if the batch `before` is missing although it was written minutes ago: the store lost data. */
  readonly lostData: boolean;
}

/**
 * Stores audit records, each a line of JSON, up to a configured number; and the usage sums of each day. Both are divided among
 * shards by tenant, so that no server has the load of all tenants. Every method that reads returns the data of all shards.
 */
export interface AuditTrail {
  /** Returns the shard of a tenant's records. Records without a tenant may go to any shard, for which the tenant is empty. */
  shardOf(tenant: string): number;
  /**
   * Appends a batch and adds its amounts to the sums, once. An amount that cannot be added is set aside, and the rest is written.
   *
   * @param before id of the previous batch of the same writer and shard, if it was written within the last minutes
   */
  append(batch: AuditBatch, before?: string): Promise<Appended>;
  /** Returns whether a batch of the last minutes exists. A failover can lose acknowledged writes. */
  has(batch: Pick<AuditBatch, 'id' | 'shard'>): Promise<boolean>;
  /** Calls the listener after a reconnection, which may be to a server with other data. Returns a function that stops it. */
  onReconnect(listener: () => void): () => void;
  /** Returns the newest `count` records before a position, newest first. */
  latest(count: number, before?: string): Promise<readonly StoredRecord[]>;
  /** Returns the oldest `count` records after a position, oldest first. A record that is added later has a later position. */
  after(position: string, count: number): Promise<readonly StoredRecord[]>;
  /** Opens a reader. A group receives the trail from its oldest record on, each record at least once, also across restarts. */
  reader(options: AuditReaderOptions): AuditReader;
  /** Returns the sums of these days (`2026-11-24`) in one table, unordered. */
  usage(days: readonly string[], table?: UsageTable): Promise<readonly UsageSum[]>;
}
