import type { Clock, MeterState } from '@sluice/core';
import { LRUCache } from 'lru-cache';
import {
  assertAmounts,
  type BudgetCharge,
  type BudgetName,
  type BudgetState,
  type Charge,
  type Exhausted,
  type HeldBudget,
  type HeldSlot,
  type LeaseGrant,
  type LeaseRequest,
  type MeteredCall,
  type Meters,
  type QuotaLeaseSettlement,
  type ReservationRequest,
  type ReservationResult,
  type ReservedCharge,
  type SettledCharge,
  type Settlement,
  SubWindows,
} from '../ports/index.ts';
import { Budget } from './budget.ts';
import { SlotSet } from './slot-set.ts';

/** Retention of a call's outcome, in ms, as in Redis. */
const OUTCOME_TTL_MS = 60_000;
const MAX_OUTCOMES = 100_000;
const MAX_METERS = 100_000;
/** Retry delay for limits that calls in flight use up, in ms: the end of a call cannot be predicted. */
const IN_FLIGHT_RETRY_MS = 1_000;

/** What a call has reserved, one entry per charge; undefined once the call is released or settled. */
interface CallOutcome {
  readonly atMs: number;
  readonly reserved: readonly ReservedAmount[] | undefined;
  readonly usableMs?: number | undefined;
}

type ReservedAmount = Pick<ReservedCharge, 'amount' | 'receipt' | 'state'>;
type Refusal = Pick<Exhausted, 'inFlight' | 'retryAfterMs'>;
type Owner = Pick<MeteredCall, 'tenant' | 'subject'>;
type Meter = Pick<Charge, 'meter' | 'subject'>;

/** Limits of a single process. */
export class MemoryMeters implements Meters {
  readonly #clock: Clock;
  readonly #windows = new LRUCache<string, SubWindows>({ max: MAX_METERS });
  readonly #slots = new Map<string, SlotSet>();
  readonly #budgets = new Map<string, Budget>();
  readonly #outcomes = new LRUCache<string, CallOutcome>({ max: MAX_OUTCOMES });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async reserve<C extends Charge>(request: ReservationRequest<C>): Promise<ReservationResult<C>> {
    const nowMs = this.#clock.now();
    const known = this.#outcome(request, nowMs);
    if (known !== undefined) return resultOf(request.charges, known);
    for (const charge of request.charges) assertCharge(charge);
    const exhausted = this.#findExhausted(request, nowMs);
    if (exhausted !== undefined) return exhausted;
    const reserved = this.#take(request, nowMs);
    const outcome = { atMs: nowMs, reserved, usableMs: request.isQuotaLease ? this.#usableMs(request, nowMs) : undefined };
    this.#outcomes.set(outcomeName(request), outcome);
    return resultOf(request.charges, outcome);
  }

  async release(slots: readonly HeldSlot[]): Promise<void> {
    const atMs = this.#clock.now();
    for (const slot of slots) {
      this.#outcomes.set(outcomeName(slot), { atMs, reserved: undefined });
      const name = meterName(slot, slot);
      const set = this.#slots.get(name);
      set?.release(slot.callId);
      if (set?.size === 0) this.#slots.delete(name);
    }
  }

  /** Returns the time until the first of the sub-windows ends that have counted a reservation, in ms. Undefined without a window. */
  #usableMs(request: ReservationRequest, nowMs: number): number | undefined {
    let endMs = Number.POSITIVE_INFINITY;
    for (const charge of request.charges) {
      if (charge.kind === 'window') endMs = Math.min(endMs, this.#window(request, charge).currentEndsAtMs(nowMs));
    }
    return endMs === Number.POSITIVE_INFINITY ? undefined : Math.max(0, endMs - nowMs);
  }

  async settle({ tenant, subject, callId, charges, unconfirmed = false }: Settlement): Promise<void> {
    for (const { charge, amount = 0, actual } of charges) {
      if (charge.kind !== 'concurrency') assertAmounts([charge.amount, amount, actual]);
    }
    const nowMs = this.#clock.now();
    const of = { tenant, subject, callId };
    const known = this.#outcome(of, nowMs);
    if (known !== undefined && known.reserved === undefined) return;
    charges.forEach((settled, n) => {
      const recorded = unconfirmed ? known?.reserved?.[n] : settled;
      this.#settleCharge(of, settled, recorded, nowMs);
    });
    this.#outcomes.set(outcomeName(of), { atMs: nowMs, reserved: undefined });
  }

  async settleQuotaLeases({ tenant, subject, callId, charges, ended }: QuotaLeaseSettlement): Promise<void> {
    for (const { charge, amount = 0, actual } of charges) assertAmounts([charge.amount ?? 1, amount, actual]);
    for (const { cost } of ended) assertAmounts([cost]);
    const atMs = this.#clock.now();
    const of = { tenant, subject, callId };
    if (this.#outcome(of, atMs) !== undefined) return;
    const settled: CallOutcome = { atMs, reserved: undefined };
    this.#outcomes.set(outcomeName(of), settled);
    let counted = 0;
    for (const one of ended) {
      const call = { tenant, subject, callId: one.callId };
      if (this.#outcome(call, atMs) === undefined) this.#outcomes.set(outcomeName(call), settled);
      else counted += one.cost;
    }
    // by budget, what is still to subtract from its actual amounts
    const uncounted = new Map<Budget, number>();
    for (const { charge, amount = charge.amount ?? 1, actual, receipt } of charges) {
      if (charge.kind === 'window') this.#settleCharge(of, { charge, actual }, { amount, receipt }, atMs);
      else if (charge.kind === 'concurrency') this.#slotSet(of, charge).release(String(receipt), amount);
      else {
        const budget = this.#budget(of, charge);
        const left = uncounted.get(budget) ?? counted;
        uncounted.set(budget, left - Math.min(left, actual));
        budget.settlePart(String(receipt), amount, actual - Math.min(left, actual));
      }
    }
  }

  /** A single process loses its counters only together with its ledger. */
  async raiseToLedger(): Promise<void> {}

  async budget(of: BudgetName): Promise<BudgetState> {
    const budget = this.#budget(of, of);
    budget.free(this.#clock.now());
    const { spent, reserved, leased } = budget;
    return { spent, reserved: reserved - leased, leased };
  }

  async lease(request: LeaseRequest): Promise<LeaseGrant> {
    assertAmounts([request.limit, request.wanted, request.promised]);
    const nowMs = this.#clock.now();
    const budget = this.#budget(request, request);
    budget.free(nowMs);
    return budget.lease(request, nowMs + request.leaseMs);
  }

  async renew(held: readonly (HeldSlot | HeldBudget)[]): Promise<void> {
    const nowMs = this.#clock.now();
    for (const one of held) {
      const reservations = one.kind === 'budget' ? this.#budget(one, one) : this.#slotSet(one, one);
      reservations.renew(one.callId, nowMs, nowMs + one.leaseMs);
    }
  }

  #outcome(of: MeteredCall, nowMs: number): CallOutcome | undefined {
    const known = this.#outcomes.get(outcomeName(of));
    return known !== undefined && nowMs - known.atMs < OUTCOME_TTL_MS ? known : undefined;
  }

  #findExhausted<C extends Charge>(request: ReservationRequest<C>, nowMs: number): Exhausted<C> | undefined {
    for (const charge of request.charges) {
      const refusal = this.#refusal(request, charge, nowMs);
      if (refusal === undefined) continue;
      const meters = request.charges.map((one) => this.#state(request, one, nowMs));
      return { admitted: false, reason: 'exhausted', charge, state: this.#state(request, charge, nowMs), ...refusal, meters };
    }
    return undefined;
  }

  /** Reserves on all limits of a call, which have room. */
  #take(request: ReservationRequest, nowMs: number): ReservedAmount[] {
    const { callId, charges } = request;
    const grants = charges.map((charge) => (charge.kind === 'budget' ? this.#budget(request, charge).grant(charge) : Infinity));
    const grant = Math.min(...grants);
    for (const charge of charges) {
      if (charge.kind === 'window') this.#window(request, charge).add(nowMs, charge.amount);
      else if (charge.kind === 'concurrency') this.#slotSet(request, charge).take(callId, nowMs + charge.leaseMs, charge.amount);
      else this.#budget(request, charge).reserve(callId, grant, nowMs + charge.leaseMs);
    }
    // settlements return parts of a quota lease, which slots and budgets have under its id
    const receipt = request.isQuotaLease ? callId : undefined;
    return charges.map((charge) => {
      const state = this.#state(request, charge, nowMs);
      if (charge.kind === 'budget') return { amount: grant, receipt, state };
      if (charge.kind === 'concurrency') return { amount: charge.amount ?? 1, receipt, state };
      return { amount: charge.amount, receipt: this.#window(request, charge).indexAt(nowMs), state };
    });
  }

  /** @param recorded the reservation, if there was one */
  #settleCharge(
    of: MeteredCall,
    { charge, actual }: SettledCharge,
    recorded: Pick<SettledCharge, 'amount' | 'receipt'> | undefined,
    nowMs: number,
  ): void {
    if (charge.kind === 'budget') this.#budget(of, charge).settle(of.callId, actual);
    else if (charge.kind === 'concurrency') this.#slotSet(of, charge).release(of.callId);
    else {
      const window = this.#window(of, charge);
      const { amount = charge.amount, receipt } = recorded ?? NOTHING;
      if (actual > amount) window.add(nowMs, actual - amount);
      else window.giveBack(nowMs, typeof receipt === 'number' ? receipt : 0, amount - actual);
    }
  }

  /** Returns undefined if the limit has room. */
  #refusal(of: Owner, charge: Charge, nowMs: number): Refusal | undefined {
    if (charge.kind === 'budget') return this.#budgetRefusal(of, charge, nowMs);
    if (charge.kind === 'concurrency') {
      const slots = this.#slotSet(of, charge);
      slots.free(nowMs);
      return slots.size + (charge.amount ?? 1) <= charge.limit ? undefined : { retryAfterMs: IN_FLIGHT_RETRY_MS };
    }
    const window = this.#window(of, charge);
    if (window.sumAt(nowMs) + charge.amount <= charge.limit) return undefined;
    return { retryAfterMs: window.fitsAfterMs(nowMs, charge.amount, charge.limit) };
  }

  #budgetRefusal(of: Owner, charge: BudgetCharge, nowMs: number): Refusal | undefined {
    const { amount, limit, endsAtMs } = charge;
    const budget = this.#budget(of, charge);
    budget.free(nowMs);
    // a soft budget has the largest possible limit, and refuses no call
    if (limit === Number.MAX_SAFE_INTEGER || budget.spent + budget.reserved + amount <= limit) return undefined;
    // reservations may be released; spend is final until the period ends
    if (budget.spent + amount <= limit) return { retryAfterMs: IN_FLIGHT_RETRY_MS, inFlight: true };
    return { retryAfterMs: endsAtMs === undefined ? 0 : Math.max(1_000, endsAtMs - nowMs) };
  }

  #state(of: Owner, charge: Charge, nowMs: number): MeterState {
    const { meter, limit } = charge;
    if (charge.kind === 'budget') {
      const { spent, reserved } = this.#budget(of, charge);
      const resetMs = charge.endsAtMs === undefined ? 0 : Math.max(0, charge.endsAtMs - nowMs);
      return { meter, limit, remaining: Math.max(0, limit - spent - reserved), resetMs };
    }
    if (charge.kind === 'concurrency') {
      return { meter, limit, remaining: Math.max(0, limit - this.#slotSet(of, charge).size), resetMs: 0 };
    }
    const window = this.#window(of, charge);
    return { meter, limit, remaining: Math.max(0, limit - window.sumAt(nowMs)), resetMs: window.emptyAfterMs(nowMs) };
  }

  #window(of: Owner, charge: Meter & { readonly windowMs: number }): SubWindows {
    const name = `${meterName(of, charge)}\n${charge.windowMs}`;
    let window = this.#windows.get(name);
    if (window === undefined) {
      window = new SubWindows(charge.windowMs);
      this.#windows.set(name, window);
    }
    return window;
  }

  #slotSet(of: Owner, meter: Meter): SlotSet {
    return valueIn(this.#slots, meterName(of, meter), SlotSet);
  }

  #budget(of: Owner, meter: Meter & { readonly period: string }): Budget {
    return valueIn(this.#budgets, `${meterName(of, meter)}\n${meter.period}`, Budget);
  }
}

const NOTHING = { amount: 0, receipt: undefined };

const outcomeName = ({ tenant, callId }: MeteredCall): string => `${tenant}\n${callId}`;
const meterName = (of: Owner, { meter, subject = of.subject }: Meter): string => `${of.tenant}\n${subject}\n${meter}`;

/** Returns the value of a key, which is created first if it is missing. */
function valueIn<T>(values: Map<string, T>, name: string, type: new () => T): T {
  let value = values.get(name);
  if (value === undefined) {
    value = new type();
    values.set(name, value);
  }
  return value;
}

function assertCharge(charge: Charge): void {
  if (charge.kind === 'window') assertAmounts([charge.limit, charge.amount]);
  else if (charge.kind === 'budget') assertAmounts([charge.limit, charge.amount, charge.maxAmount ?? 0]);
  else if (charge.amount !== undefined) assertAmounts([charge.amount]);
}

function resultOf<C extends Charge>(charges: readonly C[], { reserved, usableMs }: CallOutcome): ReservationResult<C> {
  if (reserved === undefined) return { admitted: false, reason: 'already_settled' };
  const entries = charges.flatMap((charge, n) => {
    const amount = reserved[n];
    return amount === undefined ? [] : [{ charge, ...amount }];
  });
  return usableMs === undefined ? { admitted: true, reserved: entries } : { admitted: true, reserved: entries, usableMs };
}
