import { type Clock, type DependencyHealth, type LlmCall, type LlmError, noopHealth, systemClock } from '@sluice/core';
import type { Meters } from '@sluice/store/ports';
import type { ProxyMetrics } from '../proxy-metrics.ts';
import { BudgetQueue } from './budget-queue.ts';
import { FallbackLimiter } from './fallback-limiter.ts';
import type { Refusal } from './limiter.ts';
import { type CallPlan, ChargeList, type PlannedCharge } from './plan.ts';
import { recordMeters, recordReservation } from './quota-results.ts';
import type { QuotaScope } from './quota-scope.ts';
import { countRefusal, errorOf } from './refusals.ts';
import { SharedLimiter } from './shared-limiter.ts';

export interface RequestCounterOptions {
  readonly meters: Pick<Meters, 'reserve' | 'settle'>;
  readonly groups?: (call: LlmCall) => readonly QuotaScope[];
  readonly clock?: Clock;
  readonly metrics?: Pick<ProxyMetrics, 'rateLimited' | 'budgetRejected'>;
  readonly health?: DependencyHealth;
}

/** Counts calls that share the result of another call against the request limits. */
export class RequestCounter {
  readonly #options: RequestCounterOptions;
  readonly #clock: Clock;
  readonly #health: DependencyHealth;
  readonly #shared: SharedLimiter;

  constructor(options: RequestCounterOptions) {
    const { meters, clock = systemClock, health = noopHealth } = options;
    this.#options = options;
    this.#clock = clock;
    this.#health = health;
    // requests do not wait, and have no share of their own: the call that made the result has used it
    const queue = new BudgetQueue<PlannedCharge>(clock, () => 0);
    this.#shared = new SharedLimiter({ meters, clock, health, queue, fallback: new FallbackLimiter() });
  }

  /** Counts one request. @throws LlmError `rate_limit_exceeded`, `limiter_unavailable` */
  async count(call: LlmCall): Promise<void> {
    const plan = this.#plan(call);
    if (plan === undefined) return;
    const decision = this.#shared.cachedRefusal(plan) ?? (await this.#shared.admit(plan, call.signal));
    if (!decision.admitted) throw this.#refuse(call, plan, decision);
    recordReservation(call, decision.reserved);
  }

  #plan(call: LlmCall): CallPlan | undefined {
    const { caller } = call.context;
    if (caller === undefined) return undefined;
    const { tenant, keyName: subject, limits } = caller;
    const list = new ChargeList(undefined, this.#clock.now());
    list.add({ requests: limits.requests }, undefined);
    for (const group of this.#options.groups?.(call) ?? []) list.add({ requests: group.limits.requests }, group);
    const { charges } = list;
    // the call's own id is for its reservation, in case the call is made later
    const callId = `${call.id}:request`;
    return charges.length === 0 ? undefined : { tenant, subject, callId, charges, amounts: undefined };
  }

  #refuse(call: LlmCall, plan: CallPlan, refusal: Refusal): LlmError {
    if (refusal.reason === 'unchecked' || refusal.reason === 'disconnected') this.#withdraw(plan);
    if (refusal.reason === 'exhausted') {
      recordMeters(call, refusal.meters);
      countRefusal(refusal, this.#options.metrics);
    }
    return errorOf(refusal, plan, call.signal);
  }

  /** Releases what the reservation may have taken: a server that does not respond may still run the script later. */
  #withdraw({ tenant, subject, callId, charges }: CallPlan): void {
    const unused = charges.map((charge) => ({ charge, actual: 0 }));
    const settlement = { tenant, subject, callId, unconfirmed: true, charges: unused };
    this.#options.meters.settle(settlement).catch((error: unknown) => this.#health.failure(error));
  }
}
