import { hash } from 'node:crypto';
import { type Caller, type Clock, type ConcernHealth, LlmError, unwatched } from '@sluice/core';
import type { CallerLookup } from '@sluice/proxies';
import type { KeyRecord, Keys } from '@sluice/store/ports';
import { LRUCache } from 'lru-cache';
import { callerAs } from './key-terms.ts';

/** So long a key that was found is taken at its word. */
const FRESH_MS = 60_000;
/** So long a key that was found goes on working where the store cannot be asked. */
const GRACE_MS = 300_000;
/** So long nobody asks again for a key that is not there. */
const UNKNOWN_MS = 1_000;
const MAX_KEYS = 50_000;
/** Nobody has a longer key: it is not looked for, and above all not remembered. */
const MAX_LENGTH = 512;

interface Remembered {
  readonly record: KeyRecord | undefined;
  readonly caller: Caller | undefined;
  /** When the store said so, on the monotonic clock. */
  readonly askedAtMs: number;
  /** News may have been missed: ask again, but go on if that cannot be done. */
  stale: boolean;
}

/** The SHA-256 of the whole secret: all that is ever kept of it. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'hex');
}

/**
 * Keys, remembered by this replica: a call with a key that was seen lately costs no trip. What another replica writes or revokes is heard at
 * once; where the channel breaks, everything remembered is asked for again.
 */
export class KeyCache implements CallerLookup {
  readonly #keys: Keys;
  readonly #clock: Clock;
  readonly #remembered = new LRUCache<string, Remembered>({ max: MAX_KEYS });
  /** Spares hashing on each call; bounded, and never written anywhere. */
  readonly #hashes = new LRUCache<string, string>({ max: MAX_KEYS });

  /** Questions under way; calls that come meanwhile share the answer. */
  readonly #asking = new Map<string, Promise<Caller | undefined>>();
  readonly #health: ConcernHealth;
  /** How often something was heard of: an answer that was on its way meanwhile may be older than the news. */
  #changes = 0;

  constructor(keys: Keys, clock: Clock, health: ConcernHealth = unwatched) {
    this.#keys = keys;
    this.#clock = clock;
    this.#health = health;
    keys.onChange((hash) => {
      this.#changes++;
      this.#asking.clear();
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
    const known = this.#remembered.get(hash);
    if (known !== undefined && !known.stale) {
      const ageMs = this.#clock.monotonic() - known.askedAtMs;
      if (ageMs < (known.caller === undefined ? UNKNOWN_MS : FRESH_MS)) return this.#valid(known);
    }
    const asked = this.#asking.get(hash);
    if (asked !== undefined) return asked;
    const asking = this.#ask(hash, known).finally(() => {
      if (this.#asking.get(hash) === asking) this.#asking.delete(hash);
    });
    this.#asking.set(hash, asking);
    return asking;
  }

  async #ask(hash: string, known: Remembered | undefined): Promise<Caller | undefined> {
    try {
      const askedAtMs = this.#clock.monotonic();
      const changes = this.#changes;
      const record = await this.#keys.find(hash);
      const answer = { record, caller: callerOf(record), askedAtMs, stale: changes !== this.#changes };
      this.#remembered.set(hash, answer);
      this.#health.works();
      return this.#valid(answer);
    } catch (error) {
      this.#health.failed(error);
      // one that was revoked is never valid again, whatever the store would say
      if (known?.record !== undefined && known.caller === undefined) return undefined;
      // a key that was valid lately goes on working; who was never seen cannot be let in, and must not be told that the key is wrong
      if (known?.caller !== undefined && this.#clock.monotonic() - known.askedAtMs < GRACE_MS) return this.#valid(known);
      throw new LlmError('auth_unavailable', 'API keys cannot be checked right now.', { retryAfterMs: 1_000, cause: error });
    }
  }

  #valid(known: Remembered): Caller | undefined {
    const expiresAtMs = known.record?.expiresAtMs;
    return expiresAtMs !== undefined && expiresAtMs <= this.#clock.now() ? undefined : known.caller;
  }
}

function callerOf(record: KeyRecord | undefined): Caller | undefined {
  if (record === undefined || record.revokedAtMs !== undefined || record.blockedAtMs !== undefined) return undefined;
  return callerAs(record.name, record);
}
