import type { Money, Usage } from '@sluice/core';

/** A stored answer: the bytes that were sent, and the values that its accounting needs. */
export interface CacheEntry {
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly streamed: boolean;
  readonly usage?: Usage | undefined;
  /** The cost of the original answer, which a hit saves. */
  readonly cost?: Money | undefined;
  /** Optional parameters of the request that the provider's dialect cannot express. */
  readonly dropped?: readonly string[] | undefined;
  readonly provider: string;
  readonly providerModel: string;
  /** Time of storing and of expiry, in milliseconds since the epoch. */
  readonly storedAtMs: number;
  readonly expiresAtMs: number;
}

/**
 * The key of an entry. Every key has a scope: the gateway derives it (the tenant), never from a request, and a lookup in one
 * scope never finds an entry of another.
 */
export interface CacheKey {
  readonly scope: string;
  /** The caller's own part of the key; empty by default. */
  readonly namespace: string;
  /** The model name of the request. */
  readonly model: string;
  /** A collision-safe digest of everything else that determines the answer. */
  readonly digest: string;
}

/** Selects the entries that match all given fields. */
export type CacheFilter = Partial<Pick<CacheKey, 'scope' | 'namespace' | 'model'>>;

/** An entry without its answer. */
export interface CacheListing {
  readonly key: CacheKey;
  readonly head: Omit<CacheEntry, 'body'>;
  /** Approximate size. */
  readonly bytes: number;
}

/** Responses by request. */
export interface Cache {
  get(key: CacheKey): Promise<CacheEntry | undefined>;
  /** Stores until `entry.expiresAtMs`. */
  set(key: CacheKey, entry: CacheEntry): Promise<void>;
  /**
   * Returns the number of matching entries, and `count` of them in no order. It scans the whole store: for an administrator,
   * not for a call.
   */
  list(filter: CacheFilter, count: number): Promise<{ readonly total: number; readonly entries: readonly CacheListing[] }>;
  /** False if the entry did not exist. */
  remove(key: CacheKey): Promise<boolean>;
  /** Removes all matching entries and returns their number. */
  clear(filter: CacheFilter): Promise<number>;
}
