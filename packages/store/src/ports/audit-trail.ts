import type { UsageSum, UsageTable } from './usage-sums.ts';

/** What is written at once: records, and what their calls add to the sums of usage. */
export interface AuditBatch {
  /** A batch that is written twice is there once, its records and its sums. */
  readonly id: string;
  /** Each a line of JSON. */
  readonly records: readonly string[];
  readonly usage: readonly UsageSum[];
}

/** A record, and its place in the trail: two numbers with a hyphen between them. */
export interface KeptRecord {
  readonly place: string;
  readonly record: string;
}

/** Audit records, each a line of JSON, oldest first, as many as the configuration keeps; and the sums of usage of each day. */
export interface AuditTrail {
  append(batch: AuditBatch): Promise<void>;
  /** The newest `count`, newest first, of those that stand before a place. */
  latest(count: number, before?: string): Promise<readonly KeptRecord[]>;
  /** The oldest `count`, oldest first, of those that stand after a place. */
  after(place: string, count: number): Promise<readonly KeptRecord[]>;
  /** The sums of these days (`2026-11-24`), in no order: those of the days, or those of their hours or of tags. */
  usage(days: readonly string[], table?: UsageTable): Promise<readonly UsageSum[]>;
}
