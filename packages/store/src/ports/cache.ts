import type { Money, Usage } from '@sluice/core';

/** A stored answer: the bytes that were sent, and what its accounting needs. */
export interface CacheEntry {
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly streamed: boolean;
  readonly usage?: Usage;
  /** What the answer cost when it was bought: what a hit saves. */
  readonly cost?: Money;
  /** Wishes of the request that the provider could not be told. */
  readonly dropped?: readonly string[];
  readonly provider: string;
  readonly providerModel: string;
  /** When it was stored and when it will go, in milliseconds since the epoch. */
  readonly storedAtMs: number;
  readonly expiresAtMs: number;
}

/**
 * Where an entry stands. There is no key without a scope: the scope is derived by the gateway (the tenant), never taken from a request,
 * and one scope's entries are not found under another.
 */
export interface CacheKey {
  readonly scope: string;
  /** A collision-safe digest of all that decides the answer. */
  readonly digest: string;
}

/** Answers by what was asked. */
export interface Cache {
  get(key: CacheKey): Promise<CacheEntry | undefined>;
  /** Stores until `entry.expiresAtMs`. */
  set(key: CacheKey, entry: CacheEntry): Promise<void>;
}
