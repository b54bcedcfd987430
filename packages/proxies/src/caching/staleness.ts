import { asLlmError, type CacheDirectives } from '@sluice/core';
import type { CacheEntry } from '@sluice/store/ports';
import type { CallTerms } from './caching-options.ts';

const freshUntilMs = (entry: CacheEntry): number => entry.freshUntilMs ?? entry.expiresAtMs;

/** Returns whether an entry is within its lifetime, and not older than the call allows. */
export const isFresh = (entry: CacheEntry, { maxAgeS }: CacheDirectives, nowMs: number): boolean =>
  nowMs < freshUntilMs(entry) && isYoungEnough(entry, maxAgeS, nowMs);

const isYoungEnough = (entry: CacheEntry, maxAgeS: number | undefined, nowMs: number): boolean =>
  maxAgeS === undefined || nowMs - entry.storedAtMs <= maxAgeS * 1_000;

/** Returns whether an expired entry may be served while it is replaced in the background (RFC 5861, section 3). */
export const mayServeWhileReplaced = (
  entry: CacheEntry,
  { maxAgeS }: CacheDirectives,
  { staleWhileRevalidateMs }: CallTerms,
  nowMs: number,
): boolean => maxAgeS === undefined && nowMs < freshUntilMs(entry) + staleWhileRevalidateMs;

/**
 * Returns whether an expired entry may be served because no provider could answer (RFC 5861, section 4). A refusal of the request
 * itself is not replaced by an old response.
 */
export const mayServeAfterError = (
  entry: CacheEntry,
  { maxAgeS }: CacheDirectives,
  { staleIfErrorMs }: CallTerms,
  nowMs: number,
  error: unknown,
): boolean => maxAgeS === undefined && nowMs < freshUntilMs(entry) + staleIfErrorMs && asLlmError(error).status >= 500;
