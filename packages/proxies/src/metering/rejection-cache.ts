import type { Clock, MeterState } from '@sluice/core';
import type { Charge, ReservationResult } from '@sluice/store/ports';
import { LRUCache } from 'lru-cache';

type Refusal = ReservationResult & { readonly admitted: false };

interface Remembered {
  readonly holds: readonly Charge[];
  readonly refusal: Refusal;
  readonly atMs: number;
}

/** Maximum number of cached callers. Other callers are checked in the store. */
const MAX_CALLERS = 10_000;
/** Maximum age of an entry, in ms: bounds the delay until lost or reset counts in the store are noticed. */
const MAX_MS = 1_000;

/**
 * Caches request-limit refusals for up to 1 s per caller, so that a flood of refused calls costs the store one request per
 * second. Safe because requests are never refunded. Not done for tokens, money and concurrency, which are.
 */
export class RejectionCache {
  readonly #clock: Clock;
  readonly #callers = new LRUCache<string, Remembered>({ max: MAX_CALLERS });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param holds the refused reservation */
  remember(tenant: string, subject: string, holds: readonly Charge[], lookup: Refusal): void {
    const full = holds[lookup.full];
    if (full?.kind !== 'window' || full.meter !== 'requests') return;
    this.#callers.set(`${tenant} ${subject}`, { holds, refusal: lookup, atMs: this.#clock.monotonic() });
  }

  /** Returns the cached refusal, or undefined if the store has to be consulted. */
  refusal(tenant: string, subject: string, holds: readonly Charge[]): Refusal | undefined {
    if (this.#callers.size === 0) return undefined;
    const known = this.#callers.get(`${tenant} ${subject}`);
    if (known === undefined || !isSame(known.holds, holds)) return undefined;
    const passedMs = this.#clock.monotonic() - known.atMs;
    if (passedMs >= Math.min(known.refusal.retryAfterMs, MAX_MS)) {
      this.#callers.delete(`${tenant} ${subject}`);
      return undefined;
    }
    const later = (state: MeterState): MeterState => ({ ...state, resetMs: Math.max(0, Math.ceil(state.resetMs - passedMs)) });
    const { refusal } = known;
    return { ...refusal, retryAfterMs: Math.ceil(refusal.retryAfterMs - passedMs), meters: refusal.meters.map(later) };
  }
}

/** Returns whether two calls reserve on the same meters, whatever the amounts that can be refunded. */
function isSame(some: readonly Charge[], others: readonly Charge[]): boolean {
  return (
    some.length === others.length &&
    some.every((one, n) => {
      const other = others[n] as Charge;
      if (one.kind !== other.kind || one.meter !== other.meter || one.subject !== other.subject || one.limit !== other.limit)
        return false;
      return one.kind !== 'window' || (other.kind === 'window' && one.windowMs === other.windowMs);
    })
  );
}
