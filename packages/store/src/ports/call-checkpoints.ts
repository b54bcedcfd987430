/** A call of a replica, as it would be recorded if the replica died now. */
export interface CallCheckpoint {
  readonly callId: string;
  /** A line of JSON. */
  readonly state: string;
}

export interface Heartbeat {
  /** The replica that sends the heartbeat. */
  readonly replica: string;
  /** Calls with a new or changed checkpoint. */
  readonly calls: readonly CallCheckpoint[];
}

/**
 * Checkpoints of long calls in flight, so that another replica can record them after a crash. A replica sends heartbeats while
 * it has such calls. After a time without a heartbeat, another replica claims its checkpoints. Exactly one of them records the
 * end of each call: the replica itself or the claiming one.
 */
export interface CallCheckpoints {
  /**
   * Records a heartbeat and the changed checkpoints. Returns false, and writes nothing, if another replica has claimed the
   * earlier checkpoints meanwhile.
   */
  heartbeat(beat: Heartbeat): Promise<boolean>;
  /** Removes the checkpoint of a call that has ended. False if another replica has claimed it. */
  end(replica: string, callId: string): Promise<boolean>;
  /** Removes a replica without calls in flight. */
  deregister(replica: string): Promise<void>;
  /** Claims the checkpoints of replicas without a heartbeat for this time. Each checkpoint goes to exactly one caller. */
  claimOrphans(silentForMs: number): Promise<readonly CallCheckpoint[]>;
}
