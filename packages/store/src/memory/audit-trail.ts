import { LRUCache } from 'lru-cache';
import type { AuditTrail } from '../ports/index.ts';

/** The audit records of one process, the oldest dropped beyond a bound. */
export class MemoryAuditTrail implements AuditTrail {
  readonly #maxRecords: number;
  #records: string[] = [];
  readonly #seen = new LRUCache<string, true>({ max: 10_000 });

  constructor(maxRecords: number) {
    this.#maxRecords = maxRecords;
  }

  async append(batchId: string, records: readonly string[]): Promise<void> {
    if (this.#seen.has(batchId)) return;
    this.#seen.set(batchId, true);
    for (const record of records) this.#records.push(record);
    // cut rarely, so that a full trail does not copy itself with each batch
    if (this.#records.length > this.#maxRecords * 1.1) this.#records = this.#records.slice(-this.#maxRecords);
  }

  async latest(count: number): Promise<readonly string[]> {
    return this.#records.slice(-Math.min(count, this.#maxRecords)).reverse();
  }
}
