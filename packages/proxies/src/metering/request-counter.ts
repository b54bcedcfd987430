import { type Clock, type ConcernHealth, type LlmCall, systemClock, unwatched } from '@sluice/core';
import type { Meters, ReservationRequest, ReservationResult } from '@sluice/store/ports';
import type { ProxyMetrics } from '../proxy-metrics.ts';
import type { CallerGroup } from './caller-group.ts';
import { FullWindows } from './full-windows.ts';
import { holdsOf, type OwnedHold } from './holds.ts';
import { fullMeter, type Refusal, tightest, unavailable } from './refusals.ts';

export interface RequestCounterOptions {
  readonly meters: Pick<Meters, 'reserve' | 'settle'>;
  readonly groups?: (call: LlmCall) => readonly CallerGroup[];
  readonly clock?: Clock;
  readonly metrics?: Pick<ProxyMetrics, 'rateLimited'>;
  readonly health?: ConcernHealth;
}

/** Counts calls that share the result of another call against the request limits. */
export class RequestCounter {
  readonly #options: RequestCounterOptions;
  readonly #clock: Clock;
  readonly #health: ConcernHealth;
  readonly #fullWindows: FullWindows;

  constructor(options: RequestCounterOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#health = options.health ?? unwatched;
    this.#fullWindows = new FullWindows(this.#clock);
  }

  /** Counts one request. @throws LlmError `rate_limit_exceeded`, `limiter_unavailable` */
  async count(call: LlmCall): Promise<void> {
    const { caller } = call.facts;
    if (caller === undefined) return;
    const nowMs = this.#clock.now();
    const groups = this.#options.groups?.(call) ?? [];
    const all = [
      ...holdsOf({ requests: caller.limits.requests }, undefined, undefined, nowMs),
      ...groups.flatMap((group) => holdsOf({ requests: group.limits.requests }, group, undefined, nowMs)),
    ];
    if (all.length === 0) return;
    const { tenant, keyName: subject } = caller;
    const holds = all.map(({ hold }) => hold);
    const known = this.#fullWindows.refusal(tenant, subject, holds);
    if (known !== undefined) throw this.#refuse(call, known, all);
    // the call's own id is for its reservation, in case the call is made later
    const result = await this.#reserve({ tenant, subject, callId: `${call.id}:request`, holds });
    call.facts.meters = tightest(result.meters);
    if (result.admitted) return;
    this.#fullWindows.note(tenant, subject, holds, result);
    throw this.#refuse(call, result, all);
  }

  async #reserve(request: ReservationRequest): Promise<ReservationResult> {
    const { meters } = this.#options;
    try {
      const result = await meters.reserve(request);
      this.#health.works();
      return result;
    } catch (error) {
      this.#health.failed(error);
      // a hanging server may still run the script later
      const holds = request.holds.map((hold) => ({ hold, receipt: 0, actual: 0 }));
      meters.settle({ ...request, unreserved: true, holds }).catch((late: unknown) => this.#health.failed(late));
      throw unavailable(request.holds, error);
    }
  }

  #refuse(call: LlmCall, refusal: Refusal, all: readonly OwnedHold[]): Error {
    const owner = all[refusal.full]?.owner;
    call.facts.meters = tightest(refusal.meters);
    this.#options.metrics?.rateLimited.inc({ meter: owner === undefined ? refusal.meter : `${owner.kind}_${refusal.meter}` });
    return fullMeter(refusal, owner);
  }
}
