/** A mean over some measurements, in milliseconds. */
export interface Measured {
  readonly count: number;
  readonly meanMs: number;
}

/** What one replica has to tell of a target. */
export interface TargetReport {
  /** Its calls that are under way there, and those that wait for a place. */
  readonly inFlight: number;
  readonly waiting: number;
  /** How many calls may be under way at one time, over all replicas; without a bound if not given. */
  readonly limit?: number;
  /** Since the last report: the time to the first content of streams, between two tokens of them, and of whole answers. */
  readonly first?: Measured;
  readonly token?: Measured;
  readonly whole?: Measured;
}

/** What a replica is told of a target. */
export interface TargetShare {
  /** Over all replicas. */
  readonly inFlight: number;
  /** How many calls this replica may have under way; undefined where the target has no limit. */
  readonly places?: number;
  /** Peak-sensitive moving averages over all replicas, in milliseconds, and how long ago the last of them was measured. */
  readonly firstMs?: number;
  readonly tokenMs?: number;
  readonly wholeMs?: number;
  readonly measuredMs?: number;
}

/** What a replica is told in return. */
export interface LoadExchange {
  /** How many replicas there are, the asker included. */
  readonly replicas: number;
  readonly shares: ReadonlyMap<string, TargetShare>;
}

/**
 * How loaded targets are over all replicas. Replicas tell and ask it in the background, a few times a second, so that no call waits for it.
 *
 * The places of a target that has a limit are given to replicas in advance, as they need them: what is given in all is never more than the limit. While
 * nobody waits elsewhere a replica may have more than it uses; where some wait, each has an equal share and what the others do not need. A replica
 * that is not heard of for ten seconds has lost its places.
 */
export interface TargetLoads {
  /** Tells that a replica lives, and what it has to tell of targets; nothing to tell is fine. */
  exchange(replica: string, reports: ReadonlyMap<string, TargetReport>): Promise<LoadExchange>;
  /** A replica that ends gives back what it has. */
  leave(replica: string): Promise<void>;
}

/** A replica that is not heard of for so long is gone. */
export const REPLICA_LEASE_MS = 10_000;
/** A measurement counts for a third after so long. */
export const SPEED_DECAY_MS = 10_000;
