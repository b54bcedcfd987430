import type { Clock, MeterState } from '@sluice/core';
import type { Exhausted, MeteredCall } from '@sluice/store/ports';
import { LRUCache } from 'lru-cache';
import type { PlannedCharge } from './plan.ts';

interface Rejection {
  readonly charges: readonly PlannedCharge[];
  readonly refusal: Exhausted<PlannedCharge>;
  readonly atMs: number;
}

/** The charges of a call, and its caller. */
interface ChargedCall extends Pick<MeteredCall, 'tenant' | 'subject'> {
  readonly charges: readonly PlannedCharge[];
}

/** Maximum number of cached callers. Other callers are checked in the store. */
const MAX_CALLERS = 10_000;
/** Maximum age of an entry, in ms: bounds the delay until lost or reset counts in the store are noticed. */
const MAX_MS = 1_000;

/**
 * Caches request-limit refusals for up to 1 s per caller, so that a flood of refused calls costs the store one request per
 * second. Safe because requests are never refunded, except the unused part of a quota lease, which is a small share of the limit.
 * Not done for tokens, money and concurrency, which are.
 */
export class RejectionCache {
  readonly #clock: Clock;
  readonly #callers = new LRUCache<string, Rejection>({ max: MAX_CALLERS });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Caches the refusal of a call, if the exhausted limit is one of requests. */
  remember(of: ChargedCall, refusal: Exhausted<PlannedCharge>): void {
    const { kind, meter } = refusal.charge;
    if (kind !== 'window' || meter !== 'requests') return;
    this.#callers.set(nameOf(of), { charges: of.charges, refusal, atMs: this.#clock.monotonic() });
  }

  /** Returns the cached refusal, or undefined if the store has to be consulted. */
  refusal(of: ChargedCall): Exhausted<PlannedCharge> | undefined {
    if (this.#callers.size === 0) return undefined;
    const name = nameOf(of);
    const known = this.#callers.get(name);
    if (known === undefined || !isSame(known.charges, of.charges)) return undefined;
    const passedMs = this.#clock.monotonic() - known.atMs;
    if (passedMs >= Math.min(known.refusal.retryAfterMs, MAX_MS)) {
      this.#callers.delete(name);
      return undefined;
    }
    const later = (state: MeterState): MeterState => ({ ...state, resetMs: Math.max(0, Math.ceil(state.resetMs - passedMs)) });
    const { refusal } = known;
    return {
      ...refusal,
      state: later(refusal.state),
      retryAfterMs: Math.ceil(refusal.retryAfterMs - passedMs),
      meters: refusal.meters.map(later),
    };
  }
}

const nameOf = ({ tenant, subject }: ChargedCall): string => `${tenant} ${subject}`;

/** Returns whether two calls reserve on the same meters, whatever the amounts that can be refunded. */
function isSame(some: readonly PlannedCharge[], others: readonly PlannedCharge[]): boolean {
  return some.length === others.length && some.every((one, n) => isSameMeter(one, others[n]));
}

function isSameMeter(one: PlannedCharge, other: PlannedCharge | undefined): boolean {
  if (one.kind !== other?.kind || one.meter !== other.meter || one.subject !== other.subject || one.limit !== other.limit)
    return false;
  return one.kind !== 'window' || (other.kind === 'window' && one.windowMs === other.windowMs);
}
