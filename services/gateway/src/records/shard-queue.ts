import { randomUUID } from 'node:crypto';
import type { ChargedBudget, Money } from '@sluice/core';
import type { Appended, AuditBatch, AuditTrail, SpentSum, UsageSum } from '@sluice/store/ports';
import type { RecentBatches } from './recent-batches.ts';
import { mergeSums, toDailySums } from './usage-of-record.ts';

const MAX_BATCH = 500;

export interface ShardQueueOptions {
  readonly shard: number;
  readonly trail: Pick<AuditTrail, 'append'>;
  readonly recent: RecentBatches;
  /** Called with the result of each batch. */
  readonly onAppended: (result: Appended) => void;
}

/**
 * The records of one shard of the trail that wait until they are written, and the amounts that their calls add to its sums. Each
 * shard has its own queue, so that a shard that is unavailable delays no other one.
 */
export class ShardQueue {
  readonly #options: ShardQueueOptions;
  #waiting: string[] = [];
  /** Usage that calls add to the sums. It is added up while it waits, so that none of it is ever dropped. */
  #usage: UsageSum[] = [];
  #addUpAt = MAX_BATCH;
  /** Amounts that calls add to the budget ledger, by budget. */
  readonly #spent = new Map<string, SpentSum>();
  /** The batch that is being written, or whose write has failed. */
  #batch: AuditBatch | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: ShardQueueOptions) {
    this.#options = options;
  }

  /** Number of records that wait for the next batch. */
  get length(): number {
    return this.#waiting.length;
  }

  add(line: string): void {
    this.#waiting.push(line);
  }

  count(usage: UsageSum, ofTags: readonly UsageSum[]): void {
    this.#usage.push(usage, ...ofTags);
    if (this.#usage.length < this.#addUpAt) return;
    this.#usage = mergeSums(this.#usage);
    // many distinct combinations must not be added up again at each call
    this.#addUpAt = Math.max(MAX_BATCH, 2 * this.#usage.length);
  }

  /** A call without cost, or with an unknown cost, adds nothing to the ledger. */
  charge({ tenant, subject, period }: ChargedBudget, amount: Money = 0): void {
    if (amount === 0) return;
    const name = `${period} ${tenant} ${subject}`;
    this.#spent.set(name, { tenant, subject, period, amount: (this.#spent.get(name)?.amount ?? 0) + amount });
  }

  /** Writes everything that waits. @throws the store's error; the batch stays for the next flush */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing.catch(() => {});
    if (this.#isEmpty()) return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  #isEmpty(): boolean {
    return this.#batch === undefined && this.#waiting.length === 0 && this.#usage.length === 0 && this.#spent.size === 0;
  }

  async #writeAll(): Promise<void> {
    const { shard, trail, recent, onAppended } = this.#options;
    while (!this.#isEmpty()) {
      this.#batch ??= this.#nextBatch();
      const result = await trail.append(this.#batch, recent.last(shard));
      onAppended(result);
      recent.written(this.#batch);
      this.#batch = undefined;
    }
  }

  #nextBatch(): AuditBatch {
    const usage = mergeSums(this.#usage.splice(0));
    const spent = [...this.#spent.values()];
    this.#spent.clear();
    const records = this.#waiting.splice(0, MAX_BATCH);
    return { id: randomUUID(), shard: this.#options.shard, records, usage: [...usage, ...toDailySums(usage)], spent };
  }
}
