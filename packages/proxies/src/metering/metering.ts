import {
  asLlmError,
  type Caller,
  type Clock,
  copyCall,
  type DependencyHealth,
  inOneRoundTrip,
  type Limits,
  type LlmCall,
  type LlmError,
  type LlmProxy,
  type LlmReply,
  type LlmService,
  noopHealth,
  type PendingStage,
  type StoreStage,
  systemClock,
  withEnd,
} from '@sluice/core';
import { type Charge, type ReservationRequest, type ReservationResult, saturated } from '@sluice/store/ports';
import { markDegraded } from '../degraded.ts';
import type { Grant } from './fallback-limiter.ts';
import { MeteringMemory, type MeteringOptions, type MeteringSettings } from './metering-options.ts';
import { actualOf, granted, hardBudgets, isBudget, isOfUser, needsEstimate, type PlannedCharge, planCharges } from './plan.ts';
import { chargedBudgets, exceededBudgets, meterStates } from './quota-results.ts';
import { fullMeter, type Refusal, tightest, unavailable } from './refusals.ts';
import { RejectionCache } from './rejection-cache.ts';
import { heldSlot, ReservationKeeper } from './reservation-keeper.ts';
import { adaptiveAmounts, fullAmounts, type ReserveAmounts, turnAmounts } from './reserve-amounts.ts';
import { sessionTurns, type TurnMeter } from './session-turns.ts';

/** The reservation of a call. */
interface Reservation {
  readonly all: readonly PlannedCharge[];
  readonly holds: readonly Charge[];
  readonly result: Promise<ReservationResult>;
  /** Set only if tokens or money are limited. */
  readonly amounts: ReserveAmounts | undefined;
}

/** How a call was admitted. */
interface Admission {
  /** As reserved. */
  readonly holds: readonly Charge[];
  readonly receipts: readonly number[];
  /** Admitted by leases and shares, without the store. */
  readonly leased: boolean;
  readonly noted: Grant | undefined;
}

/** The stage of a call without limits. */
const UNLIMITED: PendingStage = { complete: (call, next) => next.complete(call) };

const NO_SETTINGS: MeteringSettings = { waitMs: 0, reserve: 'full' };

/**
 * Enforces a caller's limits over all replicas: calls and tokens per sliding window, money per calendar period, and calls in
 * flight.
 *
 * Reserves the estimated maximum on every limit, all or nothing, before the call, and settles to the actual usage afterwards. A
 * refused call is not charged, even if the store's response came too late. A call may wait for a budget that other calls have
 * reserved. While the store is unavailable, this replica admits its share of the limits and spends from its leases of hard
 * budgets. Callers without limits make no Redis round trip.
 *
 * @throws LlmError `rate_limit_exceeded`, `insufficient_quota`, `budget_in_flight`, `limiter_unavailable`, `budget_unavailable`
 */
export function metering(options: MeteringOptions): LlmProxy {
  return inOneRoundTrip([meteringLayers(options).calls]);
}

/** Returns the stage that meters calls, and the layer below it that meters the turns of realtime sessions. */
export function meteringLayers(options: MeteringOptions): { readonly calls: StoreStage; readonly sessions: LlmProxy } {
  const meter = new CallMetering(options);
  return { calls: meter, sessions: sessionTurns(meter) };
}

class CallMetering implements StoreStage, TurnMeter {
  readonly #options: MeteringOptions;
  readonly #clock: Clock;
  readonly #health: DependencyHealth;
  readonly #held: ReservationKeeper;
  readonly #fullWindows: RejectionCache;
  readonly #memory: MeteringMemory;
  readonly #adaptive: boolean;

  constructor(options: MeteringOptions) {
    const { clock = systemClock, health = noopHealth, settings = NO_SETTINGS } = options;
    this.#options = options;
    this.#clock = clock;
    this.#health = health;
    this.#fullWindows = new RejectionCache(clock);
    this.#memory = options.memory ?? new MeteringMemory(clock);
    this.#held = new ReservationKeeper(options.meters, health, this.#memory.pending);
    this.#memory.waitMs = settings.waitMs;
    this.#adaptive = settings.reserve === 'adaptive';
  }

  /** Sends the reservation. @throws LlmError if a cached refusal applies */
  ask(call: LlmCall): PendingStage {
    const reservation = this.#reserve(call);
    if (reservation === 'none') return UNLIMITED;
    return { complete: (of, next) => this.#complete(of, reservation, next) };
  }

  async complete(call: LlmCall, next: LlmService): Promise<LlmReply> {
    return await this.ask(call).complete(call, next);
  }

  async #complete(call: LlmCall, reservation: Reservation, next: LlmService): Promise<LlmReply> {
    const admission = await this.#admit(call, reservation);
    return await this.#serve(call, reservation, admission, next);
  }

  /** Charges a turn of a session that was used without a reservation: refused usage cannot be taken back. */
  charge(call: LlmCall): void {
    const all = this.#holdsOf(call)?.all ?? [];
    if (all.length === 0) return;
    const { usage = { inputTokens: 0, outputTokens: 0 }, cost = 0 } = call.context.account;
    const tokens = saturated(usage.inputTokens + usage.outputTokens);
    const holds = all.map(({ hold }) => ({ hold, receipt: 0, actual: actualOf(hold, tokens, saturated(cost)) }));
    this.#held.settle({ ...meterOwner(call), unreserved: true, holds }, () => {});
  }

  #reserve(call: LlmCall): Reservation | 'none' {
    const { caller } = call.context;
    const { all, amounts } = this.#holdsOf(call) ?? { all: [], amounts: undefined };
    if (caller === undefined || all.length === 0) return 'none';
    const { tenant, keyName: subject } = caller;
    const holds = all.map(({ hold }) => hold);
    const known = this.#fullWindows.refusal(tenant, subject, holds);
    if (known !== undefined) throw this.#refuse(call, known, all);
    const request = { tenant, subject, callId: call.id, holds };
    const reserve = () => this.#reserveNow(request);
    const result = this.#memory.queue.reserve({ tenant, key: subject, holds }, call.signal, reserve);
    // awaited in #admit; an earlier failure must not count as unhandled
    result.catch(() => {});
    return { all, holds, result, amounts };
  }

  #holdsOf(call: LlmCall): { all: PlannedCharge[]; amounts: ReserveAmounts | undefined } | undefined {
    const { caller } = call.context;
    if (caller === undefined) return undefined;
    const groups = this.#options.groups?.(call) ?? [];
    // tokens and money of a session are metered by its turns
    const metersAmounts = call.operation !== 'realtime' || call.turn !== undefined;
    const counted = metersAmounts && (needsEstimate(caller.limits) || groups.some(({ limits }) => needsEstimate(limits)));
    const amounts = counted ? this.#amounts(call, caller) : undefined;
    const nowMs = this.#clock.now();
    const all = planCharges(limitsOf(call, caller.limits), undefined, amounts, nowMs);
    for (const group of groups) all.push(...planCharges(limitsOf(call, group.limits), group, amounts, nowMs));
    return { all, amounts };
  }

  async #reserveNow(request: ReservationRequest): Promise<ReservationResult> {
    const result = await this.#options.meters.reserve(request);
    const full = result.admitted ? undefined : request.holds[result.full];
    // the unused part of this replica's lease of the budget is more useful to this call
    if (full !== undefined && isBudget(full)) this.#options.leases?.giveBack(request, full);
    return result;
  }

  #amounts(call: LlmCall, { tenant, keyName }: Caller): ReserveAmounts {
    const { model } = call.message.view();
    const targets = this.#options.models?.get(model);
    if (call.turn !== undefined) return turnAmounts(call, targets);
    const likely = this.#adaptive ? this.#memory.outputs.likely(tenant, keyName, model) : undefined;
    return likely === undefined ? fullAmounts(call, targets) : adaptiveAmounts(call, targets, likely);
  }

  /** @throws LlmError if the call is refused */
  async #admit(call: LlmCall, reservation: Reservation): Promise<Admission> {
    const { all, holds } = reservation;
    let result: ReservationResult;
    try {
      result = await reservation.result;
    } catch (error) {
      return this.#admitUnanswered(call, reservation, error);
    }
    this.#health.success();
    meterStates.set(call, tightest(result.meters));
    // the store has released this call already, which is no evidence about its limits
    if (!result.admitted && result.full === -1) throw unavailable(holds, undefined);
    if (!result.admitted) {
      const { tenant, subject } = meterOwner(call);
      this.#fullWindows.remember(tenant, subject, holds, result);
      throw this.#refuse(call, result, all);
    }
    const { receipts } = result;
    this.#noteExceeded(call, all, result);
    const noted = this.#options.shares?.record(meterOwner(call), holds);
    return { holds: granted(holds, receipts), receipts, leased: false, noted };
  }

  /**
   * Handles a store that did not respond: this replica admits the call alone, or returns what the reservation may have taken.
   */
  #admitUnanswered(call: LlmCall, reservation: Reservation, error: unknown): Admission {
    const disconnected = call.signal.aborted;
    if (!disconnected) this.#health.failure(error);
    // if the reservation script still runs later, it finds the call already settled and takes nothing
    const admission = disconnected ? undefined : this.#admitAlone(call, reservation);
    if (admission !== undefined) return admission;
    const nothing = reservation.holds.map((hold) => ({ hold, receipt: 0, actual: 0 }));
    this.#held.settle({ ...meterOwner(call), unreserved: true, holds: nothing }, () => this.#settled(call, reservation.holds));
    throw disconnected ? asLlmError(call.signal.reason) : unavailable(reservation.holds, error);
  }

  /**
   * Admits a call without the store: by this replica's share of the limits and its leases of hard budgets. Soft budgets never
   * refuse a call.
   */
  #admitAlone(call: LlmCall, { all, holds }: Reservation): Admission | undefined {
    const { shares, leases } = this.#options;
    const hard = hardBudgets(all, holds);
    const limits = holds.filter((hold) => !isBudget(hold));
    const noted = limits.length === 0 ? undefined : shares?.tryAdmit(meterOwner(call), limits);
    if (limits.length > 0 && noted === undefined) return undefined;
    if (hard.length > 0 && leases?.take(meterOwner(call), hard) !== true) {
      noted?.settle(() => 0);
      return undefined;
    }
    markDegraded(call, [...(limits.length === 0 ? [] : ['limits']), ...(holds.some(isBudget) ? ['budget'] : [])]);
    return { holds, receipts: [], leased: true, noted };
  }

  #serve(call: LlmCall, reservation: Reservation, admission: Admission, next: LlmService): Promise<LlmReply> {
    const { tenant, subject } = meterOwner(call);
    const { holds } = admission;
    this.#held.track(meterOwner(call), holds);
    const budgets = holds.filter(isBudget);
    if (budgets.length > 0) {
      const charged = budgets.map(({ subject: of = subject, period, endsAtMs, amount }) => {
        return { tenant, subject: of, period, endsAtMs, reserved: amount };
      });
      chargedBudgets.set(call, charged);
    }
    const outputLimit = outputLimitOf(reservation, holds);
    const bounded = outputLimit === undefined ? call : copyCall(call, { outputLimit });
    return withEnd(
      () => next.complete(bounded),
      () => this.#settle(call, reservation, admission, outputLimit),
    );
  }

  #settle(call: LlmCall, { all, amounts }: Reservation, admission: Admission, outputLimit: number | undefined): void {
    const { holds, receipts, leased, noted } = admission;
    if (amounts === undefined && !leased) {
      noted?.settle(({ kind }) => (kind === 'window' ? 1 : 0));
      this.#held.release(holds.flatMap((hold) => heldSlot(meterOwner(call), hold)));
      return;
    }
    const { usage, cost, isReplayed } = call.context.account;
    const free = isReplayed || usage === undefined;
    const tokens = free ? 0 : saturated(usage.inputTokens + usage.outputTokens);
    const paid = free ? 0 : saturated(cost ?? 0);
    if (!free && this.#adaptive && call.turn === undefined) this.#noteOutput(call, usage.outputTokens, outputLimit);
    const { leases } = this.#options;
    const hard = leases === undefined ? [] : hardBudgets(all, holds);
    const onLeaseSettled = leased ? leases?.settled(meterOwner(call), hard, paid) : undefined;
    // there are too many end users for leases of their budgets
    for (const hold of hard) if (!isOfUser(hold)) leases?.spent(meterOwner(call), hold, paid);
    noted?.settle((hold) => actualOf(hold, tokens, paid));
    const settled = holds.map((hold, n) => ({ hold, receipt: receipts[n] ?? 0, actual: actualOf(hold, tokens, paid) }));
    this.#held.settle({ ...meterOwner(call), holds: settled, ...(leased ? { unreserved: true } : {}) }, () => {
      onLeaseSettled?.();
      this.#settled(call, holds);
      call.turn?.onSettled?.();
    });
  }

  #settled(call: LlmCall, holds: readonly Charge[]): void {
    const { tenant, subject: key } = meterOwner(call);
    this.#memory.queue.settled({ tenant, key, holds });
  }

  /**
   * Records the length of a response. A response that reached its limit would have been longer: it counts twice its length, so
   * that later limits grow.
   */
  #noteOutput(call: LlmCall, outputTokens: number, outputLimit: number | undefined): void {
    const { tenant, subject } = meterOwner(call);
    const { model, answers = 1 } = call.message.view();
    const each = Math.ceil(outputTokens / answers);
    const cut = outputLimit !== undefined && outputTokens >= outputLimit;
    this.#memory.outputs.note(tenant, subject, model, cut ? each * 2 : each);
  }

  #refuse(call: LlmCall, refusal: Refusal, all: readonly PlannedCharge[]): LlmError {
    const { metrics } = this.#options;
    const owner = all[refusal.full]?.owner;
    meterStates.set(call, tightest(refusal.meters));
    if (refusal.meter === 'budget') metrics?.budgetRejected.inc({});
    else metrics?.rateLimited.inc({ meter: owner === undefined ? refusal.meter : `${owner.kind}_${refusal.meter}` });
    return fullMeter(refusal, owner);
  }

  #noteExceeded(call: LlmCall, all: readonly PlannedCharge[], { meters }: ReservationResult): void {
    for (const [n, { hold, owner, soft }] of all.entries()) {
      const used = hold.limit - (meters[n]?.remaining ?? 0);
      if (soft === undefined || used <= soft.amount) continue;
      const kind = owner?.kind ?? 'key';
      const exceeded = exceededBudgets.get(call);
      if (exceeded.includes(kind)) continue;
      exceededBudgets.set(call, [...exceeded, kind]);
      this.#options.metrics?.budgetExceeded.inc({ owner: kind });
    }
  }
}

/**
 * Returns the limits that apply to a call. A turn of a session takes only tokens and money: the session itself is the request
 * and the concurrent call.
 */
const limitsOf = (call: LlmCall, limits: Limits): Limits =>
  call.turn === undefined ? limits : { tokens: limits.tokens, budget: limits.budget };

const meterOwner = (call: LlmCall) => {
  const { tenant, keyName } = call.context.caller as Caller;
  return { tenant, subject: keyName, callId: call.id };
};

/**
 * Returns the maximum length of the response that the granted hard budgets pay for, in tokens. Undefined if they pay for any
 * response.
 */
function outputLimitOf({ all, amounts }: Reservation, holds: readonly Charge[]): number | undefined {
  const [first] = amounts === undefined ? [] : hardBudgets(all, holds);
  return first === undefined ? undefined : amounts?.outputLimit(first.amount);
}
