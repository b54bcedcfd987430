/** A call of a replica, as it would be recorded if the replica died now. */
export interface CallCheckpoint {
  readonly callId: string;
  /** A line of JSON. */
  readonly state: string;
}

export interface Heartbeat {
  /** Which replica. */
  readonly replica: string;
  /** Calls with a new or changed checkpoint. */
  readonly calls: readonly CallCheckpoint[];
}

/**
 * Checkpoints of long calls in flight, so that another replica can record them after a crash. A replica sends heartbeats while
 * it has such
 * calls. After a time without a heartbeat, another replica claims its checkpoints. Exactly one of them records the end of each
 * call: the replica itself or the claiming one.
 */
export interface CallCheckpoints {
  /** Says that the replica lives, and how its calls are. False where it was taken for dead meanwhile: what it had before is told of already, and nothing was written. */
  heartbeat(beat: Heartbeat): Promise<boolean>;
  /** Takes a call out, because it has ended. False where somebody else took it. */
  end(replica: string, callId: string): Promise<boolean>;
  /** Says that the replica has no such calls any more. */
  deregister(replica: string): Promise<void>;
  /** Claims the checkpoints of replicas without a heartbeat for this time. Each checkpoint goes to exactly one caller. */
  claimOrphans(silentForMs: number): Promise<readonly CallCheckpoint[]>;
}
