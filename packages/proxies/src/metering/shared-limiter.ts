import type { CallSignal, Clock, DependencyHealth } from '@sluice/core';
import type { Exhausted, Meters, ReservationResult } from '@sluice/store/ports';
import type { BudgetQueue } from './budget-queue.ts';
import type { FallbackLimiter } from './fallback-limiter.ts';
import type { Admission, Limiter, Refusal } from './limiter.ts';
import type { CallPlan, PlannedCharge } from './plan.ts';
import { RejectionCache } from './rejection-cache.ts';

export interface SharedLimiterOptions {
  readonly meters: Pick<Meters, 'reserve'>;
  readonly clock: Clock;
  readonly health: DependencyHealth;
  readonly queue: BudgetQueue<PlannedCharge>;
  /** Keeps this replica's share of the limits, in case the store becomes unavailable. */
  readonly fallback: FallbackLimiter;
}

/**
 * Admits calls by the limits in the store, which all replicas share. A call may wait for a budget that calls in flight have
 * reserved.
 *
 * @example
 * const cached = shared.cachedRefusal(plan); // costs no round trip
 * const decision = cached ?? (await shared.admit(plan, signal));
 */
export class SharedLimiter implements Limiter {
  readonly #options: SharedLimiterOptions;
  readonly #rejections: RejectionCache;

  constructor(options: SharedLimiterOptions) {
    this.#options = options;
    this.#rejections = new RejectionCache(options.clock);
  }

  /** Returns the store's recent refusal of the same caller, if it still applies. */
  cachedRefusal(plan: CallPlan): Exhausted<PlannedCharge> | undefined {
    return this.#rejections.refusal(plan);
  }

  /** Sends the reservation in the current turn of the event loop, and waits for the response. */
  async admit(plan: CallPlan, signal: CallSignal): Promise<Admission | Refusal> {
    const { queue, health, fallback } = this.#options;
    let result: ReservationResult<PlannedCharge>;
    try {
      // usually no call waits: then the reservation needs no turn in a queue
      if (queue.isEmpty) {
        result = this.#noted(plan, await this.#options.meters.reserve(plan));
        if (!result.admitted) result = await queue.waitAfter(result, plan, signal, () => this.#reserve(plan));
      } else result = await queue.reserve(plan, signal, () => this.#reserve(plan));
    } catch (error) {
      if (signal.aborted) return { admitted: false, reason: 'disconnected' };
      health.failure(error);
      return { admitted: false, reason: 'unchecked', cause: error };
    }
    health.success();
    if (result.admitted) return { admitted: true, reserved: result.reserved, confirmed: true, share: fallback.record(plan) };
    if (result.reason === 'exhausted') this.#rejections.remember(plan, result);
    return result;
  }

  async #reserve(plan: CallPlan): Promise<ReservationResult<PlannedCharge>> {
    return this.#noted(plan, await this.#options.meters.reserve(plan));
  }

  #noted(plan: CallPlan, result: ReservationResult<PlannedCharge>): ReservationResult<PlannedCharge> {
    // this call needs the unused part of this replica's lease of the budget more than the lease does
    if (!result.admitted && result.reason === 'exhausted') this.#options.fallback.giveBack(plan, result.charge);
    return result;
  }
}
