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

  constructor(trail: Pick<AuditTrail, 'append' | 'has'>) {
    this.#trail = trail;
  }

  written(batch: AuditBatch): void {
    this.#batches.push({ batch, atMs: performance.now() });
    this.#records += batch.records.length;
    this.#forget();
  }

  /** Returns the id of the last written batch, if it is still remembered. */
  last(): string | undefined {
    this.#forget();
    return this.#batches.at(-1)?.batch.id;
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

  /** Rewrites lost batches. Returns the number of rewritten batches and records. @throws the store's error */
  async restore(): Promise<{ batches: number; records: number }> {
    // every batch is checked: a batch that was written during the failover can exist although earlier batches are lost
    const batches = this.#batches.map(({ batch }) => batch);
    const there = await Promise.all(batches.map(({ id }) => this.#trail.has(id)));
    const lost = batches.filter((_, n) => there[n] === false);
    for (const batch of lost) await this.#trail.append(batch);
    return { batches: lost.length, records: lost.reduce((sum, { records }) => sum + records.length, 0) };
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
