import type { Money, Usage } from '@sluice/core';

/** A stored answer: the bytes that were sent, and the values that its accounting needs. */
export interface CacheEntry {
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly streamed: boolean;
  /** Whether the client of a stream requested usage in it. */
  readonly streamUsage?: boolean | undefined;
  readonly usage?: Usage | undefined;
  /** The cost of the original answer, which a hit saves. */
  readonly cost?: Money | undefined;
  /** Optional parameters of the request that the provider's dialect cannot express. */
  readonly dropped?: readonly string[] | undefined;
  readonly provider: string;
  readonly providerModel: string;
  /** Names under which the entry can be removed. */
  readonly tags?: readonly string[] | undefined;
  /** Time of storing and of removal, in milliseconds since the epoch. */
  readonly storedAtMs: number;
  readonly expiresAtMs: number;
  /** End of its lifetime, if it is kept longer to be served as a stale response; `expiresAtMs` if not given. */
  readonly freshUntilMs?: number | undefined;
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

/** Prefixes of the digests of aliases and of the semantic index. No entry's digest begins with one of them. */
export const ALIAS_PREFIX = 'near.';
export const SEMANTIC_PREFIX = 'semantic.';

/** Selects the entries that match all given fields. */
export interface CacheFilter extends Partial<Pick<CacheKey, 'scope' | 'namespace' | 'model'>> {
  readonly tag?: string | undefined;
}

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
  /** Returns the digest of the entry that an alias names. The entry may have been removed. */
  alias(key: CacheKey): Promise<string | undefined>;
  /**
   * Gives an entry of the same scope, namespace and model a second name. `clear` removes it with the entries; `list` does not show
   * it.
   *
   * @param key its digest begins with `ALIAS_PREFIX`
   */
  setAlias(key: CacheKey, digest: string, expiresAtMs: number): Promise<void>;
  /**
   * Returns the number of matching entries, and `count` of them in no order. It scans the whole store: for an administrator,
   * not for a call.
   */
  list(filter: CacheFilter, count: number): Promise<{ readonly total: number; readonly entries: readonly CacheListing[] }>;
  /** False if the entry did not exist. */
  remove(key: CacheKey): Promise<boolean>;
  /** Removes all matching entries and their aliases, and returns the number of entries. Aliases have no tag. */
  clear(filter: CacheFilter): Promise<number>;
}
