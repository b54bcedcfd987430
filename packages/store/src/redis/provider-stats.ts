import type { Clock } from '@sluice/core';
import { type Counters, type ProviderStats, RECENT_BUCKET_MS, type StatsSnapshot } from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { KeyLayout } from './key-layout.ts';
import { Script } from './script.ts';

const ADD = new Script('add-stats');

/** Sums counters over all replicas. Totals have a few fields per target; recent counters expire after two buckets. */
export class RedisProviderStats implements ProviderStats {
  readonly #background: RedisClient;
  readonly #layout: KeyLayout;
  readonly #clock: Clock | undefined;

  /** @param clock replaces Redis' clock in tests */
  constructor(background: RedisClient, layout: KeyLayout, clock?: Clock) {
    this.#background = background;
    this.#layout = layout;
    this.#clock = clock;
  }

  async add(batchId: string, totals: Counters, recent: Counters): Promise<StatsSnapshot> {
    const layout = this.#layout;
    const keys = [layout.statsBatch(batchId), layout.statsTotals, layout.statsRecent];
    const now = this.#clock === undefined ? '' : this.#clock.now() * 1_000;
    const pairs = [Object.entries(totals), Object.entries(recent)] as const;
    const answer = await ADD.run(this.#background, keys, [RECENT_BUCKET_MS, now, pairs[0].length, ...pairs.flat(2)]);
    const [all, current, before, setAside] = answer as [string[], string[], string[], number];
    const span: Record<string, number> = {};
    addTo(span, current);
    addTo(span, before);
    const sums: Record<string, number> = {};
    addTo(sums, all);
    return { totals: sums, recent: span, setAside };
  }
}

function addTo(sums: Record<string, number>, pairs: readonly string[]): void {
  for (let n = 0; n < pairs.length; n += 2) {
    const name = pairs[n] as string;
    sums[name] = (sums[name] ?? 0) + Number(pairs[n + 1]);
  }
}
