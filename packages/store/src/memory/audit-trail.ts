import { LRUCache } from 'lru-cache';
import {
  type Appended,
  type AuditBatch,
  type AuditReader,
  type AuditReaderOptions,
  type AuditTrail,
  addUsage,
  combinationOf,
  isAmount,
  type StoredRecord,
  USAGE_AMOUNTS,
  type UsageSum,
  type UsageTable,
  usageTableOf,
} from '../ports/index.ts';
import { MemoryAuditReader, type ReaderGroup } from './audit-reader.ts';

/** Maximum number of groups of sums, one per day and table. */
const MAX_HASHES = 1_200;

/** Audit records and usage sums of a single process. The oldest records are dropped beyond a bound. */
export class MemoryAuditTrail implements AuditTrail {
  readonly #maxRecords: number;
  #records: string[] = [];
  /** Number of the oldest stored record, counted over all records that were ever appended. */
  #first = 0;
  readonly #groups = new Map<string, ReaderGroup>();
  readonly #seen = new LRUCache<string, true>({ max: 10_000 });
  /** Sums by table and day. */
  readonly #sums = new LRUCache<string, Map<string, UsageSum>>({ max: MAX_HASHES });

  constructor(maxRecords: number) {
    this.#maxRecords = maxRecords;
  }

  /** One shard: nothing is divided within a process. */
  shardOf(): number {
    return 0;
  }

  async append({ id, records, usage: given, spent = [] }: AuditBatch, before = id): Promise<Appended> {
    const lostData = before !== id && !this.#seen.has(before);
    if (this.#seen.has(id)) return { setAside: 0, lostData };
    const { usage, setAside } = countable(given);
    this.#seen.set(id, true);
    for (const record of records) this.#records.push(record);
    // cut rarely, so that a full trail does not copy itself with each batch
    if (this.#records.length > this.#maxRecords * 1.1) {
      this.#first += this.#records.length - this.#maxRecords;
      this.#records = this.#records.slice(-this.#maxRecords);
    }
    for (const [name, sums] of Map.groupBy(usage, (sum) => `${usageTableOf(sum)} ${sum.day}`)) {
      this.#sums.set(name, addUsage([...(this.#sums.get(name)?.values() ?? []), ...sums], combinationOf));
    }
    return { setAside: setAside + spent.filter(({ amount }) => !isAmount(amount)).length, lostData };
  }

  async has({ id }: Pick<AuditBatch, 'id'>): Promise<boolean> {
    return this.#seen.has(id);
  }

  onReconnect(): () => void {
    return () => {};
  }

  async latest(count: number, before?: string): Promise<readonly StoredRecord[]> {
    const end = before === undefined ? this.#records.length : Math.max(0, Number.parseInt(before, 10) - this.#first);
    const begin = Math.max(0, end - count);
    const kept = this.#records.slice(begin, end).map((record, n) => ({ position: `${this.#first + begin + n}-0`, record }));
    return kept.reverse();
  }

  async after(position: string, count: number): Promise<readonly StoredRecord[]> {
    const begin = Math.max(0, Number.parseInt(position, 10) + 1 - this.#first);
    return this.#records.slice(begin, begin + count).map((record, n) => ({ position: `${this.#first + begin + n}-0`, record }));
  }

  reader(options: AuditReaderOptions): AuditReader {
    const group = this.#groups.get(options.group) ?? { next: 0, pending: new Map() };
    this.#groups.set(options.group, group);
    return new MemoryAuditReader(this.#readFrom, group, options);
  }

  /** Returns records from a number on, and the number of the first of them. */
  readonly #readFrom = (from: number, count: number) => {
    const begin = Math.max(from, this.#first);
    const records = this.#records.slice(begin - this.#first, begin - this.#first + count);
    return { begin, records, end: this.#first + this.#records.length };
  };

  async usage(days: readonly string[], table: UsageTable = 'days'): Promise<readonly UsageSum[]> {
    return days.flatMap((day) => [...(this.#sums.get(`${table} ${day}`)?.values() ?? [])]);
  }
}

/** Returns the sums without the amounts that cannot be added, and the number of these amounts. */
function countable(sums: readonly UsageSum[]): { usage: UsageSum[]; setAside: number } {
  let setAside = 0;
  const usage = sums.map((sum) => {
    const bad = USAGE_AMOUNTS.filter((amount) => !isAmount(sum[amount]));
    setAside += bad.length;
    return bad.length === 0 ? sum : { ...sum, ...Object.fromEntries(bad.map((amount) => [amount, 0])) };
  });
  return { usage, setAside };
}
