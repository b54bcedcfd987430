import type { AuditBatch, AuditTrail, BudgetName } from '@sluice/store/ports';

/** How long a batch is remembered, in ms: by then it has reached the Redis replicas that may be promoted. */
const KEPT_MS = 120_000;
const MAX_RECORDS = 20_000;

/**
 * Remembers the batches that this replica wrote recently, and rewrites those that Redis lost.
 *
 * Redis acknowledges a write before its replicas have it, so a failover loses the last writes. A batch that survived is not
 * written twice.
 */
export class RecentBatches {
  readonly #trail: Pick<AuditTrail, 'append' | 'has'>;
  #batches: { readonly batch: AuditBatch; readonly atMs: number }[] = [];
  #records = 0;
  /** The last written batch of each shard. */
  readonly #last = new Map<number, { readonly id: string; readonly atMs: number }>();

  constructor(trail: Pick<AuditTrail, 'append' | 'has'>) {
    this.#trail = trail;
  }

  written(batch: AuditBatch): void {
    const atMs = performance.now();
    this.#batches.push({ batch, atMs });
    this.#last.set(batch.shard, { id: batch.id, atMs });
    this.#records += batch.records.length;
    this.#forget();
  }

  /** Returns the id of the last written batch of a shard, if it is still remembered. */
  last(shard: number): string | undefined {
    this.#forget();
    const last = this.#last.get(shard);
    return last !== undefined && last.atMs > performance.now() - KEPT_MS ? last.id : undefined;
  }

  /** Returns the budgets that the batches charge. */
  budgets(): BudgetName[] {
    const found = new Map<string, BudgetName>();
    for (const { batch } of this.#batches) {
      for (const { tenant, subject, period } of batch.spent ?? []) {
        found.set(`${tenant}\n${subject}\n${period}`, { tenant, subject, meter: 'budget', period });
      }
    }
    return [...found.values()];
  }

  /**
   * Rewrites lost batches. Returns the number of rewritten batches and records, and the error of a shard that failed meanwhile.
   *
   * @throws the store's error if nothing was rewritten
   */
  async restore(): Promise<{ batches: number; records: number; failure?: unknown }> {
    // every batch is checked: a batch that was written during the failover can exist although earlier batches are lost
    const byShard = Map.groupBy(
      this.#batches.map(({ batch }) => batch),
      ({ shard }) => shard,
    );
    const restored = await Promise.allSettled([...byShard.values()].map((batches) => this.#restoreShard(batches)));
    const rewritten = restored.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    const failed = restored.find(({ status }) => status === 'rejected');
    const sums = { batches: rewritten.length, records: rewritten.reduce((sum, { records }) => sum + records.length, 0) };
    if (failed?.status !== 'rejected') return sums;
    if (rewritten.length === 0) throw failed.reason;
    return { ...sums, failure: failed.reason };
  }

  /** Returns the rewritten batches. */
  async #restoreShard(batches: readonly AuditBatch[]): Promise<readonly AuditBatch[]> {
    const there = await Promise.all(batches.map((batch) => this.#trail.has(batch)));
    const lost = batches.filter((_, n) => there[n] === false);
    for (const batch of lost) await this.#trail.append(batch);
    return lost;
  }

  #forget(): void {
    const oldestMs = performance.now() - KEPT_MS;
    for (let [first] = this.#batches; first !== undefined; [first] = this.#batches) {
      if (first.atMs > oldestMs && this.#records <= MAX_RECORDS) return;
      this.#batches.shift();
      this.#records -= first.batch.records.length;
    }
  }
}
