/** Counters by name. Names derive from the configuration, so their number is bounded. */
export type Counters = Readonly<Record<string, number>>;

export interface StatsSnapshot {
  /** Since the store began. */
  readonly totals: Counters;
  /** Of the last five to ten minutes: what `balanced` and `speed` go by. */
  readonly recent: Counters;
  /** Amounts of this batch that could not be added: no whole number from 0 to 2^53 - 1, or one that a sum has no room for. */
  readonly setAside: number;
}

/** Sums over all replicas, per target and in total. Written and read in the background, never during a call. */
export interface ProviderStats {
  /**
   * Adds to the counters and gives the sums of all replicas with it. Adding twice under one id is adding once.
   * An amount that cannot be added is set aside; everything else is added.
   *
   * @param recent the part that also counts for the recent span
   */
  add(batchId: string, totals: Counters, recent: Counters): Promise<StatsSnapshot>;
}

/** The recent span is counted in buckets of this length, the current one and the one before. */
export const RECENT_BUCKET_MS = 300_000;
