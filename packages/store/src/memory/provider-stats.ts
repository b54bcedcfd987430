import type { Clock } from '@sluice/core';
import { LRUCache } from 'lru-cache';
import { type Counters, isAmount, type ProviderStats, RECENT_BUCKET_MS, type StatsSnapshot } from '../ports/index.ts';

/** Sums of a single process. */
export class MemoryProviderStats implements ProviderStats {
  readonly #clock: Clock;
  readonly #totals: Record<string, number> = {};
  readonly #buckets = new Map<number, Record<string, number>>();
  readonly #seen = new LRUCache<string, true>({ max: 10_000 });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async add(batchId: string, totals: Counters, recent: Counters): Promise<StatsSnapshot> {
    const index = Math.floor(this.#clock.now() / RECENT_BUCKET_MS);
    for (const at of this.#buckets.keys()) if (at < index - 1) this.#buckets.delete(at);
    const current = this.#buckets.get(index) ?? {};
    this.#buckets.set(index, current);
    let setAside = 0;
    if (!this.#seen.has(batchId)) {
      this.#seen.set(batchId, true);
      setAside = addTo(this.#totals, totals) + addTo(current, recent);
    }
    const span = { ...this.#buckets.get(index - 1) };
    addTo(span, current);
    return { totals: { ...this.#totals }, recent: span, setAside };
  }
}

/** Adds to sums. Returns the number of amounts that could not be added. */
function addTo(sums: Record<string, number>, counters: Counters): number {
  let setAside = 0;
  for (const [name, amount] of Object.entries(counters)) {
    if (isAmount(amount)) sums[name] = (sums[name] ?? 0) + amount;
    else setAside++;
  }
  return setAside;
}
