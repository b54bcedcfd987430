import { CallSlot, type LlmCall, type Money } from '@sluice/core';

/**
 * How the cache served a call.
 *
 * - `hit`: by the response to the same request
 * - `near`: by the response to a question that differs only in its wording
 * - `semantic`: by the response to a question with the same meaning
 * - `coalesced`: by the response to the same request of another call, which was in flight
 * - `miss`: not at all
 * - `bypass`: the call does not read the cache
 */
export type CacheState = 'hit' | 'near' | 'semantic' | 'coalesced' | 'miss' | 'bypass';

/** The entry, or the call in flight, that served a call. */
export interface ServedEntry {
  /** Age and remaining lifetime, in seconds. */
  readonly ageS: number;
  readonly ttlS: number;
  /** The cost of the original call, which this call saves. Undefined if its price is unknown, or until it has ended. */
  readonly cost: Money | undefined;
  /** Set if the entry has expired and was served nevertheless. */
  readonly stale?: 'while-revalidate' | 'if-error' | undefined;
}

/** How near the question of a response is that served a call. */
export interface ServedMeaning {
  /** Cosine similarity of the two questions: -1 to 1. */
  readonly similarity: number;
  /** Names the entry in a client's feedback. */
  readonly entry: string;
  /** Maximum share of wrong answers among those that are served: 0 to 1. */
  readonly bound: number;
}

/** The part that the cache had in a call. */
export interface CacheResult {
  readonly state: CacheState;
  /** Cache key of the response, as shown to clients. Undefined if the call did not use the cache. */
  readonly key: string | undefined;
  /** Set if the cache served the call. */
  readonly entry?: ServedEntry;
  /** Set for `semantic`. */
  readonly semantic?: ServedMeaning;
}

/** Written by caching, for headers, metrics and the audit record. */
export const cacheResult = new CallSlot<CacheResult>('cache result', { state: 'bypass', key: undefined });

/** A way in which the cache serves a call, as in metrics and statistics. */
export type CacheTier = 'exact' | 'near' | 'semantic' | 'coalesced';

/** Returns the tier that served a call. Undefined if the cache did not serve it. */
export function cacheTier(state: CacheState): CacheTier | undefined {
  if (state === 'miss' || state === 'bypass') return undefined;
  return state === 'hit' ? 'exact' : state;
}

/** Returns whether the cache served a call, so that no provider was asked for it. */
export const isServedByCache = (call: LlmCall): boolean => cacheTier(cacheResult.get(call).state) !== undefined;
