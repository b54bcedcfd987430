/** A call of a replica, as it would be recorded if the replica died now. */
export interface CallUnderWay {
  readonly callId: string;
  /** A line of JSON. */
  readonly state: string;
}

export interface Beat {
  /** Which replica. */
  readonly replica: string;
  /** Calls whose state is new or another one. */
  readonly calls: readonly CallUnderWay[];
}

/**
 * The long calls that replicas have under way, so that somebody can say what became of them when one dies. A replica beats while it has such calls; what it had
 * is taken by one of the others when it has not beaten for too long. Of each call either the replica itself tells the end, or who took it: never both.
 */
export interface CallsUnderWay {
  /** Says that the replica lives, and how its calls are. False where it was taken for dead meanwhile: what it had before is told of already, and nothing was written. */
  beat(beat: Beat): Promise<boolean>;
  /** Takes a call out, because it has ended. False where somebody else took it. */
  end(replica: string, callId: string): Promise<boolean>;
  /** Says that the replica has no such calls any more. */
  leave(replica: string): Promise<void>;
  /** The calls of replicas that have not beaten for so long: whoever asks first is given them, and nobody after. */
  takeDead(silentForMs: number): Promise<readonly CallUnderWay[]>;
}
