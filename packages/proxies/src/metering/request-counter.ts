import { type Clock, type DependencyHealth, type LlmCall, noopHealth, systemClock } from '@sluice/core';
import type { Meters, ReservationRequest, ReservationResult } from '@sluice/store/ports';
import type { ProxyMetrics } from '../proxy-metrics.ts';
import { type PlannedCharge, planCharges } from './plan.ts';
import { meterStates } from './quota-results.ts';
import type { QuotaScope } from './quota-scope.ts';
import { fullMeter, type Refusal, tightest, unavailable } from './refusals.ts';
import { RejectionCache } from './rejection-cache.ts';

export interface RequestCounterOptions {
  readonly meters: Pick<Meters, 'reserve' | 'settle'>;
  readonly groups?: (call: LlmCall) => readonly QuotaScope[];
  readonly clock?: Clock;
  readonly metrics?: Pick<ProxyMetrics, 'rateLimited'>;
  readonly health?: DependencyHealth;
}

/** Counts calls that share the result of another call against the request limits. */
export class RequestCounter {
  readonly #options: RequestCounterOptions;
  readonly #clock: Clock;
  readonly #health: DependencyHealth;
  readonly #fullWindows: RejectionCache;

  constructor(options: RequestCounterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#health = options.health ?? noopHealth;
    this.#fullWindows = new RejectionCache(this.#clock);
  }

  /** Counts one request. @throws LlmError `rate_limit_exceeded`, `limiter_unavailable` */
  async count(call: LlmCall): Promise<void> {
    const { caller } = call.context;
    if (caller === undefined) return;
    const nowMs = this.#clock.now();
    const groups = this.#options.groups?.(call) ?? [];
    const all = [
      ...planCharges({ requests: caller.limits.requests }, undefined, undefined, nowMs),
      ...groups.flatMap((group) => planCharges({ requests: group.limits.requests }, group, undefined, nowMs)),
    ];
    if (all.length === 0) return;
    const { tenant, keyName: subject } = caller;
    const holds = all.map(({ hold }) => hold);
    const known = this.#fullWindows.refusal(tenant, subject, holds);
    if (known !== undefined) throw this.#refuse(call, known, all);
    // the call's own id is for its reservation, in case the call is made later
    const result = await this.#reserve({ tenant, subject, callId: `${call.id}:request`, holds });
    meterStates.set(call, tightest(result.meters));
    if (result.admitted) return;
    this.#fullWindows.remember(tenant, subject, holds, result);
    throw this.#refuse(call, result, all);
  }

  async #reserve(request: ReservationRequest): Promise<ReservationResult> {
    const { meters } = this.#options;
    try {
      const result = await meters.reserve(request);
      this.#health.success();
      return result;
    } catch (error) {
      this.#health.failure(error);
      // a hanging server may still run the script later
      const holds = request.holds.map((hold) => ({ hold, receipt: 0, actual: 0 }));
      meters.settle({ ...request, unreserved: true, holds }).catch((late: unknown) => this.#health.failure(late));
      throw unavailable(request.holds, error);
    }
  }

  #refuse(call: LlmCall, refusal: Refusal, all: readonly PlannedCharge[]): Error {
    const owner = all[refusal.full]?.owner;
    meterStates.set(call, tightest(refusal.meters));
    this.#options.metrics?.rateLimited.inc({ meter: owner === undefined ? refusal.meter : `${owner.kind}_${refusal.meter}` });
    return fullMeter(refusal, owner);
  }
}
