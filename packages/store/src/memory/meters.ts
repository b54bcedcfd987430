import type { Clock, MeterState } from '@sluice/core';
import { LRUCache } from 'lru-cache';
import {
  assertAmounts,
  type BudgetCharge,
  type BudgetName,
  type BudgetState,
  type Charge,
  type HeldSlot,
  type LeaseGrant,
  type LeaseRequest,
  type Meters,
  type ReservationRequest,
  type ReservationResult,
  type Settlement,
  type SlotCharge,
  SubWindows,
  type WindowCharge,
} from '../ports/index.ts';
import { Budget } from './budget.ts';

/** How long a call id is remembered, as in Redis. */
const CALL_ID_TTL_MS = 60_000;
const SETTLED_TTL_MS = 60_000;
const MAX_METERS = 100_000;

/** Limits of a single process. */
export class MemoryMeters implements Meters {
  readonly #clock: Clock;
  readonly #windows = new LRUCache<string, SubWindows>({ max: MAX_METERS });
  readonly #places = new Map<string, Map<string, number>>();
  readonly #budgets = new Map<string, Budget>();
  readonly #answers: LRUCache<string, { atMs: number; result: ReservationResult }>;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#answers = new LRUCache({ max: 100_000 });
  }

  async reserve(request: ReservationRequest): Promise<ReservationResult> {
    const nowMs = this.#clock.now();
    const answerKey = answerName(request);
    const known = this.#answers.get(answerKey);
    const rememberedMs = known?.result === RELEASED ? SETTLED_TTL_MS : CALL_ID_TTL_MS;
    if (known !== undefined && nowMs - known.atMs < rememberedMs) return known.result;
    for (const hold of request.holds) assertHold(hold);
    const result = this.#reserveOnce(request, nowMs);
    if (result.admitted) this.#answers.set(answerKey, { atMs: nowMs, result });
    return result;
  }

  async release(places: readonly HeldSlot[]): Promise<void> {
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

  async settle({ tenant, subject, callId, holds, unreserved }: Settlement): Promise<void> {
    for (const { hold, actual } of holds) if (hold.kind !== 'concurrency') assertAmounts([hold.amount, actual]);
    const nowMs = this.#clock.now();
    const of = { tenant, subject, callId };
    const answerKey = answerName(of);
    const known = this.#answers.get(answerKey);
    if (known?.result === RELEASED && nowMs - known.atMs < SETTLED_TTL_MS) return;
    // the response to the reservation that the caller never received
    const heard = unreserved === true && known !== undefined && nowMs - known.atMs < CALL_ID_TTL_MS ? known.result : undefined;
    const receipts = heard?.admitted === true ? heard.receipts : undefined;
    const reserved = unreserved !== true || receipts !== undefined;
    for (const [n, { hold, receipt: known, actual }] of holds.entries()) {
      const receipt = receipts?.[n] ?? known;
      if (hold.kind === 'window' && !reserved) this.#window(of, hold).add(nowMs, actual);
      else if (hold.kind === 'concurrency') this.#held(of, hold).delete(callId);
      else if (hold.kind === 'budget') this.#budget({ ...ownerOf(of, hold), period: hold.period }).settle(callId, actual);
      else if (actual > hold.amount) this.#window(of, hold).add(nowMs, actual - hold.amount);
      else this.#window(of, hold).giveBack(nowMs, receipt, hold.amount - actual);
    }
    this.#answers.set(answerKey, { atMs: nowMs, result: RELEASED });
  }

  /** Nothing is lost here without the process itself. */
  async raiseToLedger(): Promise<void> {}

  async budget(of: BudgetName): Promise<BudgetState> {
    const { spent, reserved, leased } = this.#budget(of);
    return { spent, reserved: reserved - leased, leased };
  }

  async lease(request: LeaseRequest): Promise<LeaseGrant> {
    assertAmounts([request.limit, request.wanted, request.promised]);
    const nowMs = this.#clock.now();
    const budget = this.#budget(request);
    budget.free(nowMs);
    return budget.lease(request, nowMs + request.leaseMs);
  }

  async renew(places: readonly HeldSlot[]): Promise<void> {
    const nowMs = this.#clock.now();
    for (const place of places) {
      if (place.budget !== undefined) {
        this.#budget({ ...place, ...place.budget }).renew(place.callId, nowMs, nowMs + place.leaseMs);
        continue;
      }
      const held = this.#places.get(nameOf(place));
      const until = held?.get(place.callId);
      if (until !== undefined && until > nowMs) held?.set(place.callId, nowMs + place.leaseMs);
    }
  }

  #reserveOnce(request: ReservationRequest, nowMs: number): ReservationResult {
    let refused: ({ meter: string; full: number } & Full) | undefined;
    for (const [full, hold] of request.holds.entries()) {
      const found = this.#full(request, hold, nowMs);
      if (found !== undefined) {
        refused = { meter: hold.meter, full, ...found };
        break;
      }
    }
    const grant = Math.min(
      ...request.holds.map((hold) => (hold.kind === 'budget' ? this.#budgetOf(request, hold).grant(hold) : Infinity)),
    );
    if (refused === undefined) {
      for (const hold of request.holds) {
        if (hold.kind === 'window') this.#window(request, hold).add(nowMs, hold.amount);
        else if (hold.kind === 'concurrency') this.#held(request, hold).set(request.callId, nowMs + hold.leaseMs);
        else this.#budgetOf(request, hold).reserve(request.callId, grant, nowMs + hold.leaseMs);
      }
    }
    const meters = request.holds.map((hold) => this.#stateOf(request, hold, nowMs));
    if (refused !== undefined) return { admitted: false, ...refused, meters };
    const receipts = request.holds.map((hold) => {
      if (hold.kind === 'window') return this.#window(request, hold).indexAt(nowMs);
      return hold.kind === 'budget' ? grant : 0;
    });
    return { admitted: true, meters, receipts };
  }

  /** Returns undefined if the limit has room. */
  #full(request: ReservationRequest, hold: Charge, nowMs: number): Full | undefined {
    switch (hold.kind) {
      case 'window':
        return fullFor(this.#windowFull(request, hold, nowMs));
      case 'concurrency':
        return fullFor(this.#placesFull(request, hold, nowMs));
      case 'budget':
        return this.#budgetFull(request, hold, nowMs);
    }
  }

  #budgetFull(request: ReservationRequest, hold: BudgetCharge, nowMs: number): Full | undefined {
    const budget = this.#budgetOf(request, hold);
    budget.free(nowMs);
    // a soft budget has the largest limit there is, and refuses nothing
    if (hold.limit === Number.MAX_SAFE_INTEGER || budget.spent + budget.reserved + hold.amount <= hold.limit) return undefined;
    // reservations may be released; spend is final until the period ends
    if (budget.spent + hold.amount <= hold.limit) return { retryAfterMs: 1_000, inFlight: true };
    return { retryAfterMs: hold.endsAtMs === undefined ? 0 : Math.max(1_000, hold.endsAtMs - nowMs) };
  }

  #budgetOf(of: { tenant: string; subject: string }, hold: BudgetCharge): Budget {
    return this.#budget({ ...ownerOf(of, hold), period: hold.period });
  }

  #budget(of: BudgetName): Budget {
    const key = `${nameOf(of)}\n${of.period}`;
    let budget = this.#budgets.get(key);
    if (budget === undefined) {
      budget = new Budget();
      this.#budgets.set(key, budget);
    }
    return budget;
  }

  #windowFull(request: ReservationRequest, hold: WindowCharge, nowMs: number): number {
    const window = this.#window(request, hold);
    return window.sumAt(nowMs) + hold.amount > hold.limit ? window.fitsAfterMs(nowMs, hold.amount, hold.limit) : 0;
  }

  #placesFull(request: ReservationRequest, hold: SlotCharge, nowMs: number): number {
    const held = this.#held(request, hold);
    for (const [callId, until] of held) if (until <= nowMs) held.delete(callId);
    return held.size + 1 > hold.limit ? 1_000 : 0;
  }

  #stateOf(request: ReservationRequest, hold: Charge, nowMs: number): MeterState {
    if (hold.kind === 'budget') {
      const { spent, reserved } = this.#budgetOf(request, hold);
      const resetMs = hold.endsAtMs === undefined ? 0 : Math.max(0, hold.endsAtMs - nowMs);
      return { meter: hold.meter, limit: hold.limit, remaining: Math.max(0, hold.limit - spent - reserved), resetMs };
    }
    if (hold.kind === 'concurrency') {
      const used = this.#held(request, hold).size;
      return { meter: hold.meter, limit: hold.limit, remaining: Math.max(0, hold.limit - used), resetMs: 0 };
    }
    const window = this.#window(request, hold);
    const remaining = Math.max(0, hold.limit - window.sumAt(nowMs));
    return { meter: hold.meter, limit: hold.limit, remaining, resetMs: window.emptyAfterMs(nowMs) };
  }

  #window(of: { tenant: string; subject: string }, hold: WindowCharge): SubWindows {
    const key = `${nameOf(ownerOf(of, hold))}\n${hold.windowMs}`;
    let window = this.#windows.get(key);
    if (window === undefined) {
      window = new SubWindows(hold.windowMs);
      this.#windows.set(key, window);
    }
    return window;
  }

  #held(of: { tenant: string; subject: string }, hold: SlotCharge): Map<string, number> {
    const key = nameOf(ownerOf(of, hold));
    let held = this.#places.get(key);
    if (held === undefined) {
      held = new Map();
      this.#places.set(key, held);
    }
    return held;
  }
}

/** Why there is no room on a meter. */
type Full = Pick<ReservationResult & { admitted: false }, 'retryAfterMs' | 'inFlight'>;

/** @param retryAfterMs 0 if the limit has room */
const fullFor = (retryAfterMs: number): Full | undefined => (retryAfterMs === 0 ? undefined : { retryAfterMs });

function assertHold(hold: Charge): void {
  if (hold.kind === 'window') assertAmounts([hold.limit, hold.amount]);
  else if (hold.kind === 'budget') assertAmounts([hold.limit, hold.amount, hold.most ?? 0]);
}

const RELEASED: ReservationResult = { admitted: false, meter: 'released', full: -1, retryAfterMs: 0, meters: [] };

const answerName = (of: { tenant: string; callId: string }): string => `${of.tenant}\n${of.callId}`;
const nameOf = (of: { tenant: string; subject: string; meter: string }): string => `${of.tenant}\n${of.subject}\n${of.meter}`;

/** Returns the owner of a charge. */
const ownerOf = (of: { tenant: string; subject: string }, hold: Charge) => ({
  tenant: of.tenant,
  subject: hold.subject ?? of.subject,
  meter: hold.meter,
});
