/**
 * The names of all keys, in one place; docs/redis.md describes them. What one script touches carries one {hash tag}, so that it stands on
 * one shard of a Cluster.
 */
export class KeyLayout {
  readonly #prefix: string;
  readonly keyRecords: string;
  readonly keyNames: string;
  readonly keyChannel: string;
  readonly statsTotals: string;
  readonly statsRecent: string;
  readonly auditStream: string;

  constructor(prefix = 'sluice') {
    this.#prefix = prefix;
    this.keyRecords = `${prefix}:{keys}:records`;
    this.keyNames = `${prefix}:{keys}:names`;
    this.keyChannel = `${prefix}:keys`;
    this.statsTotals = `${prefix}:{stats}:totals`;
    this.statsRecent = `${prefix}:{stats}:recent`;
    this.auditStream = `${prefix}:{audit}:stream`;
  }

  /** A window's length is part of its name: a changed limit keeps its counts, a changed window begins anew. */
  window(tenant: string, subject: string, meter: string, windowMs: number): string {
    return `${this.#prefix}:{t:${tenant}}:meter:${subject}:${meter}:${windowMs}`;
  }

  places(tenant: string, subject: string, meter: string): string {
    return `${this.#prefix}:{t:${tenant}}:meter:${subject}:${meter}`;
  }

  /** What of a budget is spent and what is reserved. The period is a part of the name, so that nothing is reset. */
  budget(tenant: string, subject: string, meter: string, period: string): string {
    return `${this.#prefix}:{t:${tenant}}:meter:${subject}:${meter}:${period}`;
  }

  /** Its reservations by the end of their leases. */
  budgetLeases(tenant: string, subject: string, meter: string, period: string): string {
    return `${this.budget(tenant, subject, meter, period)}:leases`;
  }

  call(tenant: string, callId: string): string {
    return `${this.#prefix}:{t:${tenant}}:call:${callId}`;
  }

  cacheEntry(scope: string, digest: string): string {
    return `${this.#prefix}:cache:${scope}:${digest}`;
  }

  statsBatch(batchId: string): string {
    return `${this.#prefix}:{stats}:batch:${batchId}`;
  }

  /** A day's sums of usage. */
  usage(day: string): string {
    return `${this.#prefix}:{audit}:usage:${day}`;
  }

  auditBatch(batchId: string): string {
    return `${this.#prefix}:{audit}:batch:${batchId}`;
  }

  /** What rate-limiter-flexible puts before a subject. */
  attempts(name: string): string {
    return `${this.#prefix}:attempts:${name}`;
  }
}
