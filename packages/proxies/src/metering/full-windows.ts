import type { Clock, MeterState } from '@sluice/core';
import type { Hold, ReservationResult } from '@sluice/store/ports';
import { LRUCache } from 'lru-cache';

type Refusal = ReservationResult & { readonly admitted: false };

interface Remembered {
  readonly holds: readonly Hold[];
  readonly refusal: Refusal;
  readonly atMs: number;
}

/** So many callers are remembered; of more than that the store is asked. */
const MAX_CALLERS = 10_000;
/** And so long: a store that lost its counts, or a limit that somebody lifted, is noticed after it. */
const MAX_MS = 1_000;

/**
 * Callers whose window of requests the store said is full. No request is ever given back, so for a while it would only say the same again: a flood that is
 * refused costs the store one question a second. Tokens, money and places do come back, and of them it is asked each time.
 */
export class FullWindows {
  readonly #clock: Clock;
  readonly #callers = new LRUCache<string, Remembered>({ max: MAX_CALLERS });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param holds what was to be reserved, and was refused */
  note(tenant: string, subject: string, holds: readonly Hold[], refusal: Refusal): void {
    const full = holds[refusal.full];
    if (full?.kind !== 'window' || full.meter !== 'requests') return;
    this.#callers.set(`${tenant} ${subject}`, { holds, refusal, atMs: this.#clock.monotonic() });
  }

  /** What the store would answer, as far as is known; undefined where it has to be asked. */
  refusal(tenant: string, subject: string, holds: readonly Hold[]): Refusal | undefined {
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

/** Whether two calls ask for the same of the same meters, but for how much of what comes back. */
function isSame(some: readonly Hold[], others: readonly Hold[]): boolean {
  return (
    some.length === others.length &&
    some.every((one, n) => {
      const other = others[n] as Hold;
      if (one.kind !== other.kind || one.meter !== other.meter || one.subject !== other.subject || one.limit !== other.limit)
        return false;
      return one.kind !== 'window' || (other.kind === 'window' && one.windowMs === other.windowMs);
    })
  );
}
