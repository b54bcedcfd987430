/** A mean over some measurements, in milliseconds. */
export interface Measured {
  readonly count: number;
  readonly meanMs: number;
}

/** A replica's report about a target. */
export interface TargetReport {
  /** Calls in flight at the target, and calls that wait for a permit. */
  readonly inFlight: number;
  readonly waiting: number;
  /** The concurrency limit over all replicas; unlimited by default. */
  readonly limit?: number;
  /** Since the last report: the time to the first content of streams, between two tokens of them, and of whole answers. */
  readonly first?: Measured;
  readonly token?: Measured;
  readonly whole?: Measured;
}

/** The store's response about a target. */
export interface TargetShare {
  /** Calls in flight of all replicas. */
  readonly inFlight: number;
  /** The permits of this replica; undefined for a target without a limit. */
  readonly permits?: number;
  /** Peak-sensitive moving averages over all replicas, in milliseconds, and how long ago the last of them was measured. */
  readonly firstMs?: number;
  readonly tokenMs?: number;
  readonly wholeMs?: number;
  readonly measuredMs?: number;
}

/** The store's response to a report. */
export interface LoadExchange {
  /** Number of replicas, the caller included. */
  readonly replicas: number;
  readonly shares: ReadonlyMap<string, TargetShare>;
}

/**
 * Loads of targets over all replicas. Replicas exchange them in the background, several times per second, so that no call
 * waits.
 *
 * Permits of a limited target are given to replicas in advance, on demand, and never more in total than the limit, except when
 * a limit is lowered: replicas keep permits for their calls in flight. If no call waits elsewhere, a replica may have more
 * permits than it uses; otherwise each has an equal share plus the unused permits of others. A replica without a report for ten
 * seconds loses its permits.
 */
export interface TargetLoads {
  /** Reports that a replica is alive, and its loads, which may be empty. */
  exchange(replica: string, reports: ReadonlyMap<string, TargetReport>): Promise<LoadExchange>;
  /** Returns the permits of a replica that stops. */
  deregister(replica: string): Promise<void>;
}

/** A replica without a report for this time is considered dead. */
export const REPLICA_LEASE_MS = 10_000;
/** Time after which the weight of a measurement is one third. */
export const SPEED_DECAY_MS = 10_000;
