export interface AttemptsResult {
  readonly allowed: boolean;
  /** If the attempt is refused: the time until a retry may succeed. */
  readonly retryAfterMs: number;
}

/** Counts sign-in attempts by subject (an address), over all replicas. Not for limits of calls. */
export interface SignInAttempts {
  /** Counts one attempt and returns whether it is within the limit. */
  count(subject: string): Promise<AttemptsResult>;
}

export interface AttemptsLimit {
  /** The name of the limit. Limits of different names are independent. */
  readonly name: string;
  readonly limit: number;
  readonly windowS: number;
}
