export interface AttemptsResult {
  readonly allowed: boolean;
  /** Where it is not: when asking again may help. */
  readonly retryAfterMs: number;
}

/** Counts attempts by who makes them (an address), over all replicas: what guards a sign-in. Not for metering calls. */
export interface Attempts {
  /** Counts one attempt and tells whether it is within the limit. */
  count(subject: string): Promise<AttemptsResult>;
}

export interface AttemptsLimit {
  /** A name for what is attempted; limits of different names do not touch. */
  readonly name: string;
  readonly limit: number;
  readonly windowS: number;
}
