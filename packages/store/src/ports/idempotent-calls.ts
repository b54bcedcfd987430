/** Which call a client means: the same key of the same caller is the same call. */
export interface IdempotentId {
  readonly tenant: string;
  readonly subject: string;
  /** A digest of the client's key. */
  readonly key: string;
}

/** What a call was answered, to be given again. */
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

/** Calls that are made once, however often and through whichever replica they are asked for. */
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
  /** Lets others make it. */
  giveUp(id: IdempotentId, owner: string): Promise<void>;
  /**
   * Listens for the end of a call: it was answered or given up, or an event may have been missed. Returns, once it listens, how to stop. An owner that died
   * is noticed by `claim` alone.
   */
  onEnd(id: IdempotentId, listener: () => void): Promise<() => void>;
}
