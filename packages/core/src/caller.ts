/** A limit of `limit` units in every span of `windowMs` milliseconds, wherever that span begins. */
export interface WindowLimit {
  readonly limit: number;
  readonly windowMs: number;
}

/** What one key may use at the most. A limit that is not there is not enforced. */
export interface Limits {
  readonly requests?: WindowLimit | undefined;
  /** Calls in flight at one time, over all replicas. */
  readonly concurrent?: number | undefined;
}

/** Who makes a call: what authentication found behind a key. The secret itself is not kept. */
export interface Caller {
  /** Whose data it is: cache entries and meters of one tenant are never seen by another. */
  readonly tenant: string;
  /** The key's name; it stands in logs and audit records, the key itself never does. */
  readonly keyName: string;
  /** The public model names that the key may use; all of them where it is not given. */
  readonly models?: readonly string[];
  readonly limits: Limits;
}
