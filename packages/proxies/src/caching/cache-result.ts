import { CallSlot, type Money } from '@sluice/core';

export type CacheState = 'hit' | 'miss' | 'bypass';

/** The part that the cache had in a call. */
export interface CacheResult {
  readonly state: CacheState;
  /** Cache key of the response, as shown to clients. Undefined if the call did not use the cache. */
  readonly key: string | undefined;
  /** Set for a hit: age and remaining lifetime of the entry in seconds, and the cost of the original call. */
  readonly entry?: { readonly ageS: number; readonly ttlS: number; readonly cost: Money | undefined };
}

/** Written by caching, for headers, metrics and the audit record. */
export const cacheResult = new CallSlot<CacheResult>('cache result', { state: 'bypass', key: undefined });
