import type { Money } from '@sluice/core';
import type { UsageSum, UsageTable } from './usage-sums.ts';

/** A batch: records, and the amounts that their calls add to the usage sums. */
export interface AuditBatch {
  /** A batch that is written twice is there once, its records and its sums. */
  readonly id: string;
  /** Each a line of JSON. */
  readonly records: readonly string[];
  readonly usage: readonly UsageSum[];
  /** What its calls spent of budgets. */
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

/** A record, and its place in the trail: two numbers with a hyphen between them. */
export interface StoredRecord {
  readonly place: string;
  readonly record: string;
}

/** What one reader is given. */
export interface AuditPage {
  readonly records: readonly StoredRecord[];
  /** Records that were dropped from the trail before anybody of the group read them. */
  readonly lost: number;
}

/** One of the readers that share the trail for one purpose. */
export interface AuditReader {
  /** Up to `count` records that none of the group has finished: those of a reader that died, else new ones. */
  read(count: number): Promise<AuditPage>;
  /** Marks records as complete: no reader receives them again. */
  finish(places: readonly string[]): Promise<void>;
  /** How many records the group has not finished. */
  behind(): Promise<number>;
  /** Stops reading. Other readers receive its open records. */
  close(): Promise<void>;
}

export interface AuditReaderOptions {
  /** The name of the group of readers. All replicas share the position of a group; it outlives them. */
  readonly group: string;
  /** How long a reader may keep records unfinished before they are given to another one. */
  readonly claimAfterMs: number;
}

/** What became of a batch. */
export interface Appended {
  /** Amounts that could not be added: no whole number from 0 to 2^53 - 1, or one that a sum has no room for. */
  readonly setAside: number;
  /** The batch `before`, written within the last minutes, is there no more: the store lost data. */
  readonly lostData: boolean;
}

/** Audit records, each a line of JSON, oldest first, as many as the configuration keeps; and the sums of usage of each day. */
export interface AuditTrail {
  /**
   * Appends a batch and adds its sums, once. An amount that cannot be added is set aside; everything else of the batch is written.
   *
   * @param before the id of the batch that the same writer wrote before, within the last minutes
   */
  append(batch: AuditBatch, before?: string): Promise<Appended>;
  /** Returns whether a batch of the last minutes exists. A failover can lose acknowledged writes. */
  has(batchId: string): Promise<boolean>;
  /** Calls the listener when the store may be another one than before. Returns a function that stops listening. */
  onReconnect(listener: () => void): () => void;
  /** Returns the newest `count` records before a cursor, newest first. */
  latest(count: number, before?: string): Promise<readonly StoredRecord[]>;
  /** Returns the oldest `count` records after a cursor, oldest first. */
  after(place: string, count: number): Promise<readonly StoredRecord[]>;
  /** Reads the whole trail, from its oldest record on, each at least once over all readers of the group and all their restarts. */
  reader(options: AuditReaderOptions): AuditReader;
  /** The sums of these days (`2026-11-24`), in no order: those of the days, or those of their hours or of tags. */
  usage(days: readonly string[], table?: UsageTable): Promise<readonly UsageSum[]>;
}
