import { hash } from 'node:crypto';
import { type Caller, type Clock, type DependencyHealth, LlmError, noopHealth } from '@sluice/core';
import type { Authenticator } from '@sluice/proxies';
import type { KeyRecord, Keys } from '@sluice/store/ports';
import { LRUCache } from 'lru-cache';
import { toCaller } from './key-terms.ts';

/** How long a found key is used without another lookup. */
const FRESH_MS = 60_000;
/** How long a found key remains valid if the store is unavailable. */
const GRACE_MS = 300_000;
/** How long an unknown key is not looked up again. */
const UNKNOWN_MS = 1_000;
const MAX_KEYS = 50_000;
/** Longest possible key. A longer secret is neither looked up nor cached. */
const MAX_LENGTH = 512;

interface Remembered {
  readonly record: KeyRecord | undefined;
  readonly caller: Caller | undefined;
  /** Time of the lookup, on the monotonic clock. */
  readonly askedAtMs: number;
  /** A change may have been missed: look the key up again, but use this entry if the lookup fails. */
  stale: boolean;
}

/** Returns the SHA-256 of a secret. The secret itself is never stored. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'hex');
}

/**
 * Caches keys in this replica, so that a call with a recently seen key needs no round trip. A change by another replica takes
 * effect at once through a notification channel. If the channel breaks, every cached key is looked up again.
 */
export class KeyCache implements Authenticator {
  readonly #keys: Keys;
  readonly #clock: Clock;
  // with `max` in place of `maxSize`, the cache allocates all of its entries when it is created
  readonly #remembered = new LRUCache<string, Remembered>({ maxSize: MAX_KEYS, sizeCalculation: () => 1 });
  /** Avoids hashing on each call. The cache is bounded and is never written to disk. */
  readonly #hashes = new LRUCache<string, string>({ maxSize: MAX_KEYS, sizeCalculation: () => 1 });

  /** Lookups in flight; concurrent calls share the result. */
  readonly #lookups = new Map<string, Promise<Caller | undefined>>();
  readonly #health: DependencyHealth;
  /** Number of change notifications. A lookup that was in flight during a notification may return an outdated record. */
  #changes = 0;

  constructor(keys: Keys, clock: Clock, health: DependencyHealth = noopHealth) {
    this.#keys = keys;
    this.#clock = clock;
    this.#health = health;
    keys.onChange((hash) => {
      this.#changes++;
      this.#lookups.clear();
      if (hash === undefined) for (const one of this.#remembered.values()) one.stale = true;
      else this.#remembered.delete(hash);
    });
  }

  find(secret: string): Caller | undefined | Promise<Caller | undefined> {
    if (secret.length > MAX_LENGTH) return undefined;
    let hash = this.#hashes.get(secret);
    if (hash === undefined) {
      hash = hashSecret(secret);
      this.#hashes.set(secret, hash);
    }
    const cached = this.#remembered.get(hash);
    if (cached !== undefined && !cached.stale) {
      const ageMs = this.#clock.monotonic() - cached.askedAtMs;
      if (ageMs < (cached.caller === undefined ? UNKNOWN_MS : FRESH_MS)) return this.#valid(cached);
    }
    const pending = this.#lookups.get(hash);
    if (pending !== undefined) return pending;
    const lookup = this.#lookUp(hash, cached).finally(() => {
      if (this.#lookups.get(hash) === lookup) this.#lookups.delete(hash);
    });
    this.#lookups.set(hash, lookup);
    return lookup;
  }

  async #lookUp(hash: string, cached: Remembered | undefined): Promise<Caller | undefined> {
    try {
      const askedAtMs = this.#clock.monotonic();
      const changes = this.#changes;
      const record = await this.#keys.find(hash);
      const answer = { record, caller: callerOf(record), askedAtMs, stale: changes !== this.#changes };
      this.#remembered.set(hash, answer);
      this.#health.success();
      return this.#valid(answer);
    } catch (error) {
      this.#health.failure(error);
      // a revoked key never becomes valid again, whatever the store would return
      if (cached?.record !== undefined && cached.caller === undefined) return undefined;
      // a recently valid key remains valid; an unknown key is not admitted, but the client must not receive "invalid key"
      // either
      if (cached?.caller !== undefined && this.#clock.monotonic() - cached.askedAtMs < GRACE_MS) return this.#valid(cached);
      throw new LlmError('auth_unavailable', 'API keys cannot be checked right now.', { retryAfterMs: 1_000, cause: error });
    }
  }

  #valid(cached: Remembered): Caller | undefined {
    const expiresAtMs = cached.record?.expiresAtMs;
    return expiresAtMs !== undefined && expiresAtMs <= this.#clock.now() ? undefined : cached.caller;
  }
}

function callerOf(record: KeyRecord | undefined): Caller | undefined {
  if (record === undefined || record.revokedAtMs !== undefined || record.blockedAtMs !== undefined) return undefined;
  return toCaller(record.name, record);
}
