import { type Clock, type DependencyHealth, noopHealth } from '@sluice/core';
import {
  assertAmounts,
  type BudgetName,
  type BudgetState,
  type Charge,
  type HeldBudget,
  type HeldSlot,
  type LeaseGrant,
  type LeaseRequest,
  type MeteredCall,
  type Meters,
  type QuotaLeaseSettlement,
  type ReservationRequest,
  type ReservationResult,
  type SettledCharge,
  type Settlement,
} from '@sluice/store/ports';
import { LRUCache } from 'lru-cache';
import { PendingSettlements } from '../pending-settlements.ts';
import { LeaseSettlements } from './lease-settlements.ts';
import { isLeasable, isSameShape } from './lease-shape.ts';
import { LEASE_SIZES, type LeaseSizes } from './lease-size.ts';
import { LeasedCall } from './leased-call.ts';
import { LeasedCaller } from './leased-caller.ts';
import { LeasedCalls } from './leased-calls.ts';
import type { QuotaLease } from './quota-lease.ts';

/** Interval at which leases end and ended calls are settled, in ms. */
const TURN_MS = 50;
/** Time without leases after a failure of the store, in ms. */
const PAUSE_MS = 1_000;
/** Maximum wait of a call for the return of unused amounts, in ms: the connection for settlements has no deadline. */
const GIVE_BACK_MS = 100;
/** Maximum number of callers with a rate, and of sets of limits of one caller: models and end users have their own limits. */
const MAX_CALLERS = 10_000;
const MAX_SHAPES = 8;
/** The number of replicas if it is unknown: fewer leave less unused. */
const UNKNOWN_REPLICAS = 8;

export interface QuotaLeasesOptions {
  readonly meters: Meters;
  readonly clock: Clock;
  /** The calls per second of one caller at this replica from which it gets leases. Undefined for no leases. */
  readonly above: () => number | undefined;
  /** The highest number of replicas, if it is known. */
  readonly replicas?: () => number | undefined;
  readonly health?: DependencyHealth;
  readonly pending?: PendingSettlements;
  readonly sizes?: Partial<LeaseSizes>;
  readonly turnMs?: number;
}

/**
 * Lets this replica admit the calls of a busy caller from leases: it reserves for many calls at once, in all limits of the caller.
 *
 * The amounts of a lease are used only in the sub-window that has counted them, so that no window exceeds its limit. Unused amounts
 * return. A lease is a small share of each limit and of its room: close to a limit, each call reserves for itself. A call without a
 * lease also does, and before its refusal this replica returns what its leases hold of the exhausted limit.
 *
 * @example
 * const meters = new QuotaLeases({ meters: stores.meters, clock, above: () => 200 });
 * const layers = meteringLayers({ meters });
 */
export class QuotaLeases implements Meters {
  readonly #options: QuotaLeasesOptions;
  readonly #meters: Meters;
  readonly #settlements: LeaseSettlements;
  readonly #callers = new LRUCache<string, LeasedCaller[]>({ maxSize: MAX_CALLERS, sizeCalculation: () => 1 });
  readonly #calls = new LeasedCalls();
  /** Callers with leases or ended calls, and their number by tenant. */
  #active: LeasedCaller[] = [];
  readonly #activeOfTenant = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  /** Callers whose ended calls are settled at the end of this turn of the event loop. */
  #ending: LeasedCaller[] = [];
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: QuotaLeasesOptions) {
    const { meters, health = noopHealth, pending = new PendingSettlements() } = options;
    this.#options = options;
    this.#meters = meters;
    this.#settlements = new LeaseSettlements({ meters, health, pending });
  }

  reserve<C extends Charge>(request: ReservationRequest<C>): Promise<ReservationResult<C>> {
    const above = this.#options.above();
    const known = this.#calls.find(request.tenant, request.callId);
    if (known !== undefined) return Promise.resolve(known.admission as ReservationResult<C>);
    const caller = above === undefined ? undefined : this.#callerOf(request);
    if (caller === undefined) return this.#meters.reserve(request);
    const nowMs = this.#options.clock.monotonic();
    if (caller.count(nowMs) < (above as number) || nowMs < this.#pausedUntilMs) return this.#meters.reserve(request);
    const call = caller.admit(request, nowMs);
    // the reservation of the call comes before that of a lease
    const result = call === undefined ? this.#reserveAlone(request, caller, nowMs) : this.#admission(request, call, nowMs);
    caller.refill(nowMs, call === undefined);
    return result;
  }

  async release(slots: readonly HeldSlot[]): Promise<void> {
    if (this.#calls.size === 0) return this.#meters.release(slots);
    const others: HeldSlot[] = [];
    const recorded: (Promise<void> | undefined)[] = [];
    const released = new Set<string>();
    for (const slot of slots) {
      const known = this.#calls.find(slot.tenant, slot.callId);
      if (known !== undefined) {
        released.add(slot.callId);
        recorded.push(this.#end(known, releasedAmounts(known)));
      } else if (!released.has(slot.callId)) others.push(slot);
    }
    if (others.length > 0) recorded.push(this.#meters.release(others));
    await Promise.all(recorded);
  }

  settle(settlement: Settlement): Promise<void> {
    const { tenant, callId, charges } = settlement;
    // a call of which only the receipt is known has ended, or needs no settlement
    const receipt = charges[0]?.receipt;
    const call = this.#calls.find(tenant, callId) ?? (receipt instanceof LeasedCall ? receipt : undefined);
    if (call === undefined) return this.#meters.settle(settlement);
    try {
      for (const { actual } of charges) assertAmounts([actual]);
    } catch (error) {
      return Promise.reject(error);
    }
    return call.recorded ?? this.#end(call, actualAmounts(call, charges));
  }

  settleQuotaLeases(settlement: QuotaLeaseSettlement): Promise<void> {
    return this.#meters.settleQuotaLeases(settlement);
  }

  budget(of: BudgetName): Promise<BudgetState> {
    return this.#meters.budget(of);
  }

  raiseToLedger(budgets: readonly BudgetName[]): Promise<void> {
    return this.#meters.raiseToLedger(budgets);
  }

  lease(request: LeaseRequest): Promise<LeaseGrant> {
    return this.#meters.lease(request);
  }

  /** A lease is renewed while it has calls in flight. */
  renew(held: readonly (HeldSlot | HeldBudget)[]): Promise<void> {
    if (this.#calls.size === 0) return this.#meters.renew(held);
    const ofStore = new Map<string, HeldSlot | HeldBudget>();
    for (const one of held) {
      const callId = this.#calls.find(one.tenant, one.callId)?.lease.id ?? one.callId;
      const name = [one.tenant, one.subject, one.meter, 'period' in one ? one.period : '', callId].join('\n');
      ofStore.set(name, { ...one, callId });
    }
    return this.#meters.renew([...ofStore.values()]);
  }

  /** Ends all leases and the timer. */
  async close(): Promise<void> {
    await this.giveBack();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Returns all unused amounts, and settles all ended calls. Resolves after the first attempt. */
  async giveBack(): Promise<void> {
    await Promise.all([...this.#active, ...this.#ending].map((caller) => caller.giveBack()));
  }

  /** Closes leases that have ended, and settles ended calls. A timer does it while there are leases. */
  turn(): void {
    const nowMs = this.#options.clock.monotonic();
    const active = this.#active;
    this.#active = [];
    for (const caller of active) {
      caller.isActive = caller.turn(nowMs);
      if (caller.isActive) this.#active.push(caller);
      else this.#countActive(caller.tenant, -1);
    }
    if (this.#active.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #reserveAlone<C extends Charge>(
    request: ReservationRequest<C>,
    caller: LeasedCaller,
    nowMs: number,
  ): Promise<ReservationResult<C>> {
    let result: ReservationResult<C>;
    try {
      result = await this.#meters.reserve(request);
    } catch (error) {
      // a wrong amount is no failure of the store
      if (!(error instanceof RangeError)) this.#pause();
      throw error;
    }
    caller.note(result, nowMs);
    if (result.admitted || result.reason !== 'exhausted') return result;
    const { charge } = result;
    const subject = charge.subject ?? request.subject;
    const holding = this.#active.filter((one) => one.tenant === request.tenant && one.holds(subject, charge));
    if (holding.length === 0) return result;
    await within(Promise.all(holding.map((one) => one.giveBack())), GIVE_BACK_MS);
    return this.#meters.reserve(request);
  }

  #admission<C extends Charge>(request: ReservationRequest<C>, call: LeasedCall, nowMs: number): Promise<ReservationResult<C>> {
    const admission = call.lease.admission(request.charges, call.amounts, call, nowMs);
    call.admission = admission;
    this.#calls.add(call);
    // a call that has only requests may have no settlement
    if (request.charges.every(({ kind }) => kind === 'window')) call.lease.unsettledIds.push(call.callId);
    return Promise.resolve(admission);
  }

  #end(call: LeasedCall, actual: readonly number[]): Promise<void> {
    const { owner } = call;
    this.#calls.remove(owner.tenant, call.callId);
    owner.end(call, actual, this.#options.clock.monotonic());
    return call.recorded as Promise<void>;
  }

  #callerOf(request: ReservationRequest): LeasedCaller | undefined {
    if (!isLeasable(request)) return undefined;
    const { tenant, subject, charges } = request;
    const name = `${tenant}\n${subject}`;
    let shapes = this.#callers.get(name);
    if (shapes === undefined) {
      shapes = [];
      this.#callers.set(name, shapes);
    }
    for (const caller of shapes) if (isSameShape(caller.charges, charges)) return caller;
    // the oldest set of limits, for example of a former period
    if (shapes.length === MAX_SHAPES) shapes.shift();
    const caller = this.#open({ tenant, subject }, charges);
    shapes.push(caller);
    return caller;
  }

  #open({ tenant, subject }: Pick<MeteredCall, 'tenant' | 'subject'>, charges: readonly Charge[]): LeasedCaller {
    const { replicas, sizes } = this.#options;
    return new LeasedCaller({
      ...{ tenant, subject, charges, meters: this.#meters, settlements: this.#settlements },
      sizes: { ...LEASE_SIZES, ...sizes },
      sharing: () => ({ replicas: replicas?.() ?? UNKNOWN_REPLICAS, callers: this.#activeOfTenant.get(tenant) ?? 1 }),
      onActive: (caller) => this.#activate(caller),
      onEnded: (caller) => this.#flushSoon(caller),
      onClosed: (lease) => this.#forgetUnsettled(tenant, lease),
      onFailure: () => this.#pause(),
    });
  }

  #activate(caller: LeasedCaller): void {
    if (caller.isActive) return;
    caller.isActive = true;
    this.#active.push(caller);
    this.#countActive(caller.tenant, 1);
    this.#timer ??= setInterval(() => this.turn(), this.#options.turnMs ?? TURN_MS).unref();
  }

  #countActive(tenant: string, change: number): void {
    const count = (this.#activeOfTenant.get(tenant) ?? 0) + change;
    if (count > 0) this.#activeOfTenant.set(tenant, count);
    else this.#activeOfTenant.delete(tenant);
  }

  /** Settles ended calls at the end of this turn of the event loop. */
  #flushSoon(caller: LeasedCaller): void {
    this.#ending.push(caller);
    if (this.#ending.length > 1) return;
    setImmediate(() => {
      const ending = this.#ending;
      this.#ending = [];
      for (const one of ending) void one.flush();
    });
  }

  #forgetUnsettled(tenant: string, { unsettledIds }: QuotaLease): void {
    for (const callId of unsettledIds) this.#calls.remove(tenant, callId);
  }

  #pause(): void {
    this.#pausedUntilMs = this.#options.clock.monotonic() + PAUSE_MS;
  }
}

/** Waits for a promise, but no longer than `ms`. */
function within(done: Promise<unknown>, ms: number): Promise<unknown> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(() => late.resolve(), ms);
  return Promise.race([done, late.promise]).finally(() => clearTimeout(timer));
}

/** A released call returns its slots and its money. Its requests and tokens stay counted. */
const releasedAmounts = ({ lease, amounts }: LeasedCall): number[] =>
  lease.reserved.map(({ charge }, n) => (charge.kind === 'window' ? (amounts[n] as number) : 0));

/** Returns the actual amounts by limit. A limit without one is treated as released. */
function actualAmounts(call: LeasedCall, charges: readonly SettledCharge[]): number[] {
  const actual = releasedAmounts(call);
  const ofLease = call.lease.reserved;
  for (const [n, { charge, actual: amount }] of charges.entries()) {
    const isSame = ofLease[n] !== undefined && isSameShape([ofLease[n].charge], [charge]);
    const at = isSame ? n : ofLease.findIndex((one) => isSameShape([one.charge], [charge]));
    if (at >= 0) actual[at] = amount;
  }
  return actual;
}
