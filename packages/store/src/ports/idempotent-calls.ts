/** Which call a client means: the same key of the same caller is the same call. */
export interface IdempotentId {
  readonly tenant: string;
  readonly subject: string;
  /** A digest of what the client gave. */
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
  /** Nobody makes it: it is the asker's to make. */
  | { readonly state: 'ours' }
  | { readonly state: 'under_way'; readonly digest: string }
  | { readonly state: 'answered'; readonly digest: string; readonly answer: IdempotentAnswer };

/** Calls that are made once, however often and through whichever replica they are asked for. */
export interface IdempotentCalls {
  /**
   * Claims a call, or tells what became of it.
   *
   * @param digest of what is asked for: the same key must not mean another request
   * @param owner who claims it
   * @param leaseMs so long without `renew` nobody makes it any more: its owner has died
   */
  claim(id: IdempotentId, digest: string, owner: string, leaseMs: number): Promise<Claim>;
  renew(id: IdempotentId, owner: string, leaseMs: number): Promise<void>;
  /** Keeps the answer for so long; nothing where the call is not the owner's any more. */
  answer(id: IdempotentId, owner: string, digest: string, answer: IdempotentAnswer, ttlMs: number): Promise<void>;
  /** Lets others make it. */
  giveUp(id: IdempotentId, owner: string): Promise<void>;
  /**
   * Listens for the end of a call: it was answered or given up, or an event may have been missed. Returns, once it listens, how to stop. An owner that died
   * is noticed by `claim` alone.
   */
  onEnd(id: IdempotentId, listener: () => void): Promise<() => void>;
}
