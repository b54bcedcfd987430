import type { AuditBatch, AuditTrail } from '@sluice/store/ports';

/** What was written longer ago has reached those who may take the place of who took it. */
const KEPT_MS = 120_000;
const MAX_RECORDS = 20_000;

/**
 * The batches that this replica has written lately. Redis says that it has something before its replicas have it, and where one of those takes its place, what
 * was said last is gone: so that is written again. A batch that is there after all is not written twice.
 */
export class RecentBatches {
  readonly #trail: Pick<AuditTrail, 'append' | 'has'>;
  #batches: { readonly batch: AuditBatch; readonly atMs: number }[] = [];
  #records = 0;

  constructor(trail: Pick<AuditTrail, 'append' | 'has'>) {
    this.#trail = trail;
  }

  written(batch: AuditBatch): void {
    const nowMs = performance.now();
    this.#batches.push({ batch, atMs: nowMs });
    this.#records += batch.records.length;
    for (;;) {
      const [oldest] = this.#batches;
      if (oldest === undefined || (oldest.atMs > nowMs - KEPT_MS && this.#records <= MAX_RECORDS)) return;
      this.#batches.shift();
      this.#records -= oldest.batch.records.length;
    }
  }

  /** Writes again what is not there. Returns how many records that were. @throws what the store throws */
  async restore(): Promise<number> {
    // all are asked for: what is written meanwhile is there, and says nothing of what was written before
    const batches = this.#batches.map(({ batch }) => batch);
    const there = await Promise.all(batches.map(({ id }) => this.#trail.has(id)));
    const lost = batches.filter((_, n) => there[n] === false);
    for (const batch of lost) await this.#trail.append(batch);
    return lost.reduce((sum, { records }) => sum + records.length, 0);
  }
}
