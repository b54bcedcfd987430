import { LRUCache } from 'lru-cache';
import { type AuditBatch, type AuditTrail, addUsage, USAGE_DIMENSIONS, type UsageSum } from '../ports/index.ts';

/** Days of which the sums are kept. */
const MAX_DAYS = 400;

/** The audit records of one process, the oldest dropped beyond a bound, and its sums of usage. */
export class MemoryAuditTrail implements AuditTrail {
  readonly #maxRecords: number;
  #records: string[] = [];
  readonly #seen = new LRUCache<string, true>({ max: 10_000 });
  readonly #days = new LRUCache<string, Map<string, UsageSum>>({ max: MAX_DAYS });

  constructor(maxRecords: number) {
    this.#maxRecords = maxRecords;
  }

  async append({ id, records, usage }: AuditBatch): Promise<void> {
    if (this.#seen.has(id)) return;
    this.#seen.set(id, true);
    for (const record of records) this.#records.push(record);
    // cut rarely, so that a full trail does not copy itself with each batch
    if (this.#records.length > this.#maxRecords * 1.1) this.#records = this.#records.slice(-this.#maxRecords);
    for (const [day, sums] of Map.groupBy(usage, (sum) => sum.day)) {
      this.#days.set(day, addUsage([...(this.#days.get(day)?.values() ?? []), ...sums], combinationOf));
    }
  }

  async latest(count: number): Promise<readonly string[]> {
    return this.#records.slice(-Math.min(count, this.#maxRecords)).reverse();
  }

  async usage(days: readonly string[]): Promise<readonly UsageSum[]> {
    return days.flatMap((day) => [...(this.#days.get(day)?.values() ?? [])]);
  }
}

const combinationOf = (sum: UsageSum): string => JSON.stringify(USAGE_DIMENSIONS.map((dimension) => sum[dimension]));
