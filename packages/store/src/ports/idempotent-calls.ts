/** Identifies a call by its client: requests with the same key of the same caller are one call. */
export interface IdempotentId {
  readonly tenant: string;
  readonly subject: string;
  /** A digest of the client's key. */
  readonly key: string;
}

/** The stored response of a call, for a replay. */
export interface IdempotentAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly streamed: boolean;
  readonly body: Uint8Array;
}

export type Claim =
  /** The call is not made yet: the caller owns the claim. */
  | { readonly state: 'ours' }
  | { readonly state: 'under_way'; readonly digest: string }
  | { readonly state: 'answered'; readonly digest: string; readonly answer: IdempotentAnswer };

/** Makes a call once, whatever the number of its requests and the replicas that receive them. */
export interface IdempotentCalls {
  /**
   * Claims a call, or returns its state.
   *
   * @param digest digest of the request: the same key must not serve another request
   * @param owner the claiming call
   * @param leaseMs time without `renew` after which the claim expires, because its owner has died
   */
  claim(id: IdempotentId, digest: string, owner: string, leaseMs: number): Promise<Claim>;
  renew(id: IdempotentId, owner: string, leaseMs: number): Promise<void>;
  /** Stores the answer for this time. Has no effect if the owner has lost its claim. */
  answer(id: IdempotentId, owner: string, digest: string, answer: IdempotentAnswer, ttlMs: number): Promise<void>;
  /** Releases the claim, so that another request can make the call. */
  giveUp(id: IdempotentId, owner: string): Promise<void>;
  /**
   * Listens for the end of a call: its response was stored, its claim was released, or an event may have been missed. Resolves
   * when it listens, to a function that stops it. Only `claim` detects an owner that has died.
   */
  onEnd(id: IdempotentId, listener: () => void): Promise<() => void>;
}
