import {
  copyCall,
  inOneRoundTrip,
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
import { CallPlanner } from './call-planner.ts';
import { CallSettlement } from './call-settlement.ts';
import { FallbackLimiter } from './fallback-limiter.ts';
import type { Admission, Refusal } from './limiter.ts';
import { MeteringMemory, type MeteringOptions, type MeteringSettings } from './metering-options.ts';
import { type CallPlan, isHardBudget } from './plan.ts';
import { recordBudgets, recordDegraded, recordExceeded, recordMeters, recordReservation } from './quota-results.ts';
import { countRefusal, errorOf } from './refusals.ts';
import { ReservationKeeper } from './reservation-keeper.ts';
import { sessionTurns, type TurnMeter } from './session-turns.ts';
import { SharedLimiter } from './shared-limiter.ts';

/** The stage of a call without limits. */
const UNLIMITED: PendingStage = { complete: (call, next) => next.complete(call) };

const NO_SETTINGS: MeteringSettings = { waitMs: 0, reserve: 'full' };

/**
 * Enforces a caller's limits over all replicas: calls and tokens per sliding window, money per calendar period, and calls in
 * flight.
 *
 * Reserves the estimated maximum on every limit, all or nothing, before the call, and settles to the actual usage afterwards. A
 * refused call is not charged, even if the store's response arrives too late. A call may wait for a budget that other calls have
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
  readonly #metrics: MeteringOptions['metrics'];
  readonly #planner: CallPlanner;
  readonly #shared: SharedLimiter;
  readonly #fallback: FallbackLimiter;
  readonly #keeper: ReservationKeeper;
  readonly #settlement: CallSettlement;

  constructor(options: MeteringOptions) {
    const { meters, models, metrics, clock = systemClock, health = noopHealth, settings = NO_SETTINGS } = options;
    const { groups = () => [], fallback = new FallbackLimiter(), memory = new MeteringMemory(clock) } = options;
    const adaptive = settings.reserve === 'adaptive';
    memory.waitMs = settings.waitMs;
    this.#metrics = metrics;
    this.#planner = new CallPlanner({ clock, groups, models, outputs: adaptive ? memory.outputs : undefined });
    this.#shared = new SharedLimiter({ meters, clock, health, queue: memory.queue, fallback });
    this.#fallback = fallback;
    this.#keeper = new ReservationKeeper(meters, health, memory.pending);
    this.#settlement = new CallSettlement({ keeper: this.#keeper, fallback, memory, adaptive });
  }

  /** Sends the reservation. @throws LlmError if a cached refusal applies */
  ask(call: LlmCall): PendingStage {
    const plan = this.#planner.plan(call);
    if (plan === undefined) return UNLIMITED;
    const cached = this.#shared.cachedRefusal(plan);
    if (cached !== undefined) throw this.#refuse(call, plan, cached);
    const decision = this.#shared.admit(plan, call.signal);
    return { complete: (of, next) => this.#complete(of, plan, decision, next) };
  }

  async complete(call: LlmCall, next: LlmService): Promise<LlmReply> {
    return await this.ask(call).complete(call, next);
  }

  /** Charges a turn of a session that was used without a reservation. */
  charge(call: LlmCall): void {
    const plan = this.#planner.plan(call);
    if (plan !== undefined) this.#settlement.charge(call, plan);
  }

  async #complete(call: LlmCall, plan: CallPlan, decision: Promise<Admission | Refusal>, next: LlmService): Promise<LlmReply> {
    const admission = this.#admit(call, plan, await decision);
    this.#keeper.track(plan, admission.reserved);
    recordBudgets(call, plan, admission.reserved);
    const outputLimit = outputLimitOf(plan, admission);
    const bounded = outputLimit === undefined ? call : copyCall(call, { outputLimit });
    return await withEnd(
      () => next.complete(bounded),
      () => this.#settlement.settle(call, plan, admission, outputLimit),
    );
  }

  /**
   * Returns the admission of the store, or of this replica if the store did not respond.
   *
   * @throws LlmError if the store refuses the call, or neither can admit it
   */
  #admit(call: LlmCall, plan: CallPlan, shared: Admission | Refusal): Admission {
    if (shared.admitted) {
      recordReservation(call, shared.reserved);
      for (const owner of recordExceeded(call, shared.reserved)) this.#metrics?.budgetExceeded.inc({ owner });
      return shared;
    }
    if (shared.reason === 'unchecked') {
      const fallback = this.#fallback.admit(plan);
      if (fallback.admitted) {
        recordDegraded(call, plan);
        return fallback;
      }
    }
    throw this.#refuse(call, plan, shared);
  }

  #refuse(call: LlmCall, plan: CallPlan, refusal: Refusal): LlmError {
    if (refusal.reason === 'unchecked' || refusal.reason === 'disconnected') this.#settlement.withdraw(plan);
    if (refusal.reason === 'exhausted') {
      recordMeters(call, refusal.meters);
      countRefusal(refusal, this.#metrics);
    }
    return errorOf(refusal, plan, call.signal);
  }
}

/**
 * Returns the maximum length of the response that the granted hard budgets pay for, in tokens. Undefined if they pay for any
 * response.
 */
function outputLimitOf({ amounts }: CallPlan, { reserved }: Admission): number | undefined {
  if (amounts === undefined) return undefined;
  const first = reserved.find(({ charge }) => isHardBudget(charge));
  return first === undefined ? undefined : amounts.outputLimit(first.amount);
}
