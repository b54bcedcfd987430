import type { Clock, MeterState } from '@sluice/core';
import { LRUCache } from 'lru-cache';
import type {
  ConcurrencyHold,
  HeldPlace,
  Hold,
  Meters,
  ReservationRequest,
  ReservationResult,
  WindowHold,
} from '../ports/index.ts';
import { SubWindows } from './sub-windows.ts';

/** How long a call id is remembered, as in Redis. */
const CALL_ID_TTL_MS = 10_000;
const MAX_METERS = 100_000;

/** Meters of one process. */
export class MemoryMeters implements Meters {
  readonly #clock: Clock;
  readonly #windows = new LRUCache<string, SubWindows>({ max: MAX_METERS });
  readonly #places = new Map<string, Map<string, number>>();
  readonly #answers: LRUCache<string, { atMs: number; result: ReservationResult }>;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#answers = new LRUCache({ max: 100_000 });
  }

  async reserve(request: ReservationRequest): Promise<ReservationResult> {
    const nowMs = this.#clock.now();
    const answerKey = answerName(request);
    const known = this.#answers.get(answerKey);
    if (known !== undefined && nowMs - known.atMs < CALL_ID_TTL_MS) return known.result;
    const result = this.#reserveOnce(request, nowMs);
    this.#answers.set(answerKey, { atMs: nowMs, result });
    return result;
  }

  async release(places: readonly HeldPlace[]): Promise<void> {
    const atMs = this.#clock.now();
    for (const place of places) {
      // a reservation that comes after its call was given up takes nothing
      this.#answers.set(answerName(place), { atMs, result: RELEASED });
      const key = nameOf(place);
      const held = this.#places.get(key);
      held?.delete(place.callId);
      if (held?.size === 0) this.#places.delete(key);
    }
  }

  async renew(places: readonly HeldPlace[]): Promise<void> {
    const nowMs = this.#clock.now();
    for (const place of places) {
      const held = this.#places.get(nameOf(place));
      const until = held?.get(place.callId);
      if (until !== undefined && until > nowMs) held?.set(place.callId, nowMs + place.leaseMs);
    }
  }

  #reserveOnce(request: ReservationRequest, nowMs: number): ReservationResult {
    let refused: { meter: string; retryAfterMs: number } | undefined;
    for (const hold of request.holds) {
      const retryAfterMs =
        hold.kind === 'window' ? this.#windowFull(request, hold, nowMs) : this.#placesFull(request, hold, nowMs);
      if (retryAfterMs > 0) {
        refused = { meter: hold.meter, retryAfterMs };
        break;
      }
    }
    if (refused === undefined) {
      for (const hold of request.holds) {
        if (hold.kind === 'window') this.#window(request, hold).add(nowMs, hold.amount);
        else this.#held(request, hold).set(request.callId, nowMs + hold.leaseMs);
      }
    }
    const meters = request.holds.map((hold) => this.#stateOf(request, hold, nowMs));
    return refused === undefined ? { admitted: true, meters } : { admitted: false, ...refused, meters };
  }

  #windowFull(request: ReservationRequest, hold: WindowHold, nowMs: number): number {
    const window = this.#window(request, hold);
    return window.sumAt(nowMs) + hold.amount > hold.limit ? window.fitsAfterMs(nowMs, hold.amount, hold.limit) : 0;
  }

  #placesFull(request: ReservationRequest, hold: ConcurrencyHold, nowMs: number): number {
    const held = this.#held(request, hold);
    for (const [callId, until] of held) if (until <= nowMs) held.delete(callId);
    return held.size + 1 > hold.limit ? 1_000 : 0;
  }

  #stateOf(request: ReservationRequest, hold: Hold, nowMs: number): MeterState {
    if (hold.kind === 'concurrency') {
      const used = this.#held(request, hold).size;
      return { meter: hold.meter, limit: hold.limit, remaining: Math.max(0, hold.limit - used), resetMs: 0 };
    }
    const window = this.#window(request, hold);
    const remaining = Math.max(0, hold.limit - window.sumAt(nowMs));
    return { meter: hold.meter, limit: hold.limit, remaining, resetMs: window.emptyAfterMs(nowMs) };
  }

  #window(request: ReservationRequest, hold: WindowHold): SubWindows {
    const key = `${nameOf({ ...request, meter: hold.meter })}\n${hold.windowMs}`;
    let window = this.#windows.get(key);
    if (window === undefined) {
      window = new SubWindows(hold.windowMs);
      this.#windows.set(key, window);
    }
    return window;
  }

  #held(request: ReservationRequest, hold: ConcurrencyHold): Map<string, number> {
    const key = nameOf({ ...request, meter: hold.meter });
    let held = this.#places.get(key);
    if (held === undefined) {
      held = new Map();
      this.#places.set(key, held);
    }
    return held;
  }
}

const RELEASED: ReservationResult = { admitted: false, meter: 'released', retryAfterMs: 0, meters: [] };

const answerName = (of: { tenant: string; callId: string }): string => `${of.tenant}\n${of.callId}`;
const nameOf = (of: { tenant: string; subject: string; meter: string }): string => `${of.tenant}\n${of.subject}\n${of.meter}`;
