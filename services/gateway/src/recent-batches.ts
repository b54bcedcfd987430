import type { AuditBatch, AuditTrail, BudgetName } from '@sluice/store/ports';

/** How long a batch is remembered, in ms: by then it has reached the replicas of Redis that may take over. */
const KEPT_MS = 120_000;
const MAX_RECORDS = 20_000;

/**
 * Remembers the batches that this replica has written lately, and writes them again where Redis lost them.
 *
 * Redis acknowledges a write before its replicas have it, and where one of those takes over, the last writes are gone. A batch that is there after all is
 * not written twice.
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

  /** The id of the batch that was written last, where that is remembered. */
  last(): string | undefined {
    this.#forget();
    return this.#batches.at(-1)?.batch.id;
  }

  /** The budgets of which the batches have something. */
  budgets(): BudgetName[] {
    const found = new Map<string, BudgetName>();
    for (const { batch } of this.#batches) {
      for (const { tenant, subject, period } of batch.spent ?? []) {
        found.set(`${tenant}\n${subject}\n${period}`, { tenant, subject, meter: 'budget', period });
      }
    }
    return [...found.values()];
  }

  /** Writes lost batches again. Returns how many batches and records those were. @throws what the store throws */
  async restore(): Promise<{ batches: number; records: number }> {
    // all are asked for: a batch that is written meanwhile is there, and says nothing of those before it
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
