import { type Attempt, type Money, type RecordedPart, type SessionRecord, toUsd, type UsageIssueReason } from '@sluice/core';
import type { CacheState } from './caching/cache-result.ts';

/** The audited fields of an attempt. */
export type AttemptRecord = Pick<Attempt, 'target' | 'outcome' | 'reason' | 'status' | 'latencyMs'>;

/** Parts of the input and output tokens, if the provider reports them. */
type RecordedParts = { readonly [Field in RecordedPart['field']]?: number | undefined };

/** Fields of the audit record of a call, except for its money. */
interface AuditFields extends RecordedParts {
  /** Arrival time of the call, ISO 8601. */
  readonly time: string;
  readonly requestId: string;
  /** Set if the client sent a trace context (W3C Trace Context). */
  readonly traceId?: string | undefined;
  readonly outcome: 'answered' | 'refused' | 'failed' | 'cancelled';
  /** The HTTP status; 499 after a client disconnect. */
  readonly status: number;
  readonly error: string | null;
  /** The key's name, never the key. Null for an unknown key. */
  readonly key: string | null;
  readonly tenant: string | null;
  readonly team?: string | undefined;
  readonly route: string;
  readonly model: string | null;
  readonly target: string | null;
  readonly provider: string | null;
  readonly attempts: number;
  /** All attempts in the order of their ends, unless every attempt was successful. */
  readonly tried?: readonly AttemptRecord[] | undefined;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** True if the tokens are estimated, because the call ended before the provider reported usage. */
  readonly estimated?: boolean | undefined;
  /** Why the provider's counts were not usable: `missing`, `malformed` or `implausible`. */
  readonly usageIssue?: UsageIssueReason | undefined;
  /** Scopes with an exceeded soft budget: `key`, `team`, `tenant`. */
  readonly overBudget?: readonly string[] | undefined;
  /** Parts without a price, missing from the cost: `web_search`, `audio`, `service_tier`. */
  readonly unpriced?: readonly string[] | undefined;
  readonly latencyMs: number;
  readonly cache: CacheState;
  /** For a realtime session: messages and bytes by sender, turns, and how it was closed. */
  readonly session?: SessionRecord | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly prompt?: string;
  readonly answer?: string;
}

/** The audit record of a call. It contains no prompt and no response, unless the configuration enables them. */
export interface AuditRecord extends AuditFields {
  /** Undefined if the cost is unknown. */
  readonly costNanos?: Money | undefined;
  /** Cost that a cache hit avoided. */
  readonly savedNanos?: Money | undefined;
}

/** The JSON form of a record: in the trail, the log, drains, checkpoints of crash recovery and the admin API. */
export interface AuditRecordJson extends AuditFields {
  /** The cost in US dollars, for display. Null if the cost is unknown. */
  readonly costUsd: number | null;
  readonly savedUsd: number | null;
  /** The exact cost. Absent if the cost is unknown, and in records of versions before 0.2.0. */
  readonly costNanos?: Money | undefined;
  readonly savedNanos?: Money | undefined;
}

/** Returns the JSON form of a record. Versions before 0.2.0 read the dollars, so they are written too. */
export function auditRecordJson(record: AuditRecord): AuditRecordJson {
  // one spread at the beginning of a literal is the fastest copy
  return { ...record, costUsd: dollars(record.costNanos), savedUsd: dollars(record.savedNanos) };
}

const dollars = (nanos: Money | undefined): number | null => (nanos === undefined ? null : toUsd(nanos));
