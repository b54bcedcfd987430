import type { Money } from '@sluice/core';
import type { UsageSum, UsageTable } from './usage-sums.ts';

/** What is written at once: records, and what their calls add to the sums of usage. */
export interface AuditBatch {
  /** A batch that is written twice is there once, its records and its sums. */
  readonly id: string;
  /** Each a line of JSON. */
  readonly records: readonly string[];
  readonly usage: readonly UsageSum[];
  /** What its calls spent of budgets. */
  readonly spent?: readonly SpentSum[];
}

/** What was spent of one budget: the ledger's word, from which a counter that was lost is made again. */
export interface SpentSum {
  readonly tenant: string;
  readonly subject: string;
  /** `2026-11-24`, `2026-11` or `total`. */
  readonly period: string;
  readonly amount: Money;
}

/** A record, and its place in the trail: two numbers with a hyphen between them. */
export interface KeptRecord {
  readonly place: string;
  readonly record: string;
}

/** What one reader is given. */
export interface AuditPart {
  readonly records: readonly KeptRecord[];
  /** Records that were dropped from the trail before anybody of the group read them. */
  readonly lost: number;
}

/** One of those who read the trail together, for one purpose. */
export interface AuditReader {
  /** Up to `count` records that none of the group has finished: those of a reader that died, else new ones. */
  read(count: number): Promise<AuditPart>;
  /** Says that records need not be given to anybody again. */
  finish(places: readonly string[]): Promise<void>;
  /** How many records the group has not finished. */
  behind(): Promise<number>;
  /** Reads no more; what it has not finished is given to others. */
  close(): Promise<void>;
}

export interface AuditReaderOptions {
  /** Who reads together, by one place that all replicas know: it outlives them. */
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
  /** Whether a batch of the last minutes is there: what was written may be lost with the one that took it. */
  has(batchId: string): Promise<boolean>;
  /** Told when the store may be another one than before. Returns how to stop listening. */
  onReconnect(listener: () => void): () => void;
  /** The newest `count`, newest first, of those that stand before a place. */
  latest(count: number, before?: string): Promise<readonly KeptRecord[]>;
  /** The oldest `count`, oldest first, of those that stand after a place. */
  after(place: string, count: number): Promise<readonly KeptRecord[]>;
  /** Reads the whole trail, from its oldest record on, each at least once over all readers of the group and all their restarts. */
  reader(options: AuditReaderOptions): AuditReader;
  /** The sums of these days (`2026-11-24`), in no order: those of the days, or those of their hours or of tags. */
  usage(days: readonly string[], table?: UsageTable): Promise<readonly UsageSum[]>;
}
