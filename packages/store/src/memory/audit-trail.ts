import { LRUCache } from 'lru-cache';
import { type AuditBatch, type AuditTrail, addUsage, type KeptRecord, USAGE_DIMENSIONS, type UsageSum } from '../ports/index.ts';

/** Days of which the sums are kept. */
const MAX_DAYS = 400;

/** The audit records of one process, the oldest dropped beyond a bound, and its sums of usage. */
export class MemoryAuditTrail implements AuditTrail {
  readonly #maxRecords: number;
  #records: string[] = [];
  /** Of all records that ever were, the number of the first that is kept. */
  #first = 0;
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
    if (this.#records.length > this.#maxRecords * 1.1) {
      this.#first += this.#records.length - this.#maxRecords;
      this.#records = this.#records.slice(-this.#maxRecords);
    }
    for (const [day, sums] of Map.groupBy(usage, (sum) => sum.day)) {
      this.#days.set(day, addUsage([...(this.#days.get(day)?.values() ?? []), ...sums], combinationOf));
    }
  }

  async latest(count: number, before?: string): Promise<readonly KeptRecord[]> {
    const end = before === undefined ? this.#records.length : Math.max(0, Number.parseInt(before, 10) - this.#first);
    const begin = Math.max(0, end - count);
    const kept = this.#records.slice(begin, end).map((record, n) => ({ place: `${this.#first + begin + n}-0`, record }));
    return kept.reverse();
  }

  async usage(days: readonly string[]): Promise<readonly UsageSum[]> {
    return days.flatMap((day) => [...(this.#days.get(day)?.values() ?? [])]);
  }
}

const combinationOf = (sum: UsageSum): string => JSON.stringify(USAGE_DIMENSIONS.map((dimension) => sum[dimension]));
