import {
  type Caller,
  type ConcernHealth,
  isStreamed,
  type LlmCall,
  LlmError,
  type LlmProxy,
  PerCall,
  unwatched,
} from '@sluice/core';
import type { HeldPlace, Hold, Meters, ReservationResult } from '@sluice/store/ports';
import type { Metrics } from '@sluice/telemetry';

/** A place among the calls in flight is lost so long after its replica died. */
const LEASE_MS = 30_000;

export interface MeteringOptions {
  readonly meters: Meters;
  readonly metrics?: Pick<Metrics, 'rateLimited'>;
  /** Where the store fails, calls with limits are refused; a place that could not be given back is freed by its lease. */
  readonly health?: ConcernHealth;
}

function holdsOf(caller: Caller): Hold[] {
  const { requests, concurrent } = caller.limits;
  const holds: Hold[] = [];
  if (requests !== undefined) {
    holds.push({ kind: 'window', meter: 'requests', limit: requests.limit, windowMs: requests.windowMs, amount: 1 });
  }
  if (concurrent !== undefined) {
    holds.push({ kind: 'concurrency', meter: 'concurrent', limit: concurrent, leaseMs: LEASE_MS });
  }
  return holds;
}

/**
 * Holds a caller to its limits: calls in a sliding window, and calls in flight at one time, over all replicas. What is refused is not
 * charged. A caller without limits costs no trip.
 *
 * @throws LlmError `rate_limit_exceeded`, `limiter_unavailable`
 */
export function metering(options: MeteringOptions): LlmProxy {
  const { meters, metrics } = options;
  const health = options.health ?? unwatched;
  const reservations = new PerCall<Promise<ReservationResult> | 'none'>();
  const places = new HeldPlaces(meters, health);

  const reserve = (call: LlmCall): Promise<ReservationResult> | undefined => {
    const caller = call.facts.caller;
    if (caller === undefined) return undefined;
    const holds = holdsOf(caller);
    if (holds.length === 0) return undefined;
    const reserving = meters.reserve({ tenant: caller.tenant, subject: caller.keyName, callId: call.id, holds });
    // it is awaited later; until then a failure must not count as unhandled
    reserving.catch(() => {});
    return reserving;
  };

  return (next) => ({
    prepare(call) {
      reservations.set(call, reserve(call) ?? 'none');
    },
    async complete(call) {
      const reserving = reservations.get(call) ?? reserve(call) ?? 'none';
      if (reserving === 'none') return next.complete(call);
      const caller = call.facts.caller as Caller;
      const place: HeldPlace | undefined =
        caller.limits.concurrent === undefined
          ? undefined
          : { tenant: caller.tenant, subject: caller.keyName, callId: call.id, meter: 'concurrent', leaseMs: LEASE_MS };
      let result: ReservationResult;
      try {
        result = await reserving;
        health.works();
      } catch (error) {
        health.failed(error);
        // the script may still run when the server wakes: give back what it would take
        if (place !== undefined) places.release(place);
        throw new LlmError('limiter_unavailable', 'The limits of this key cannot be checked right now.', {
          retryAfterMs: 1_000,
          cause: error,
        });
      }
      call.facts.meters = result.meters;
      if (!result.admitted) {
        metrics?.rateLimited.inc({ meter: result.meter });
        throw fullMeter(result);
      }
      if (place === undefined) return await next.complete(call);
      places.hold(place);
      try {
        const reply = await next.complete(call);
        if (isStreamed(reply)) void reply.stream.outcome.then(() => places.release(place));
        else places.release(place);
        return reply;
      } catch (error) {
        places.release(place);
        throw error;
      }
    },
  });
}

function fullMeter(result: ReservationResult & { admitted: false }): LlmError {
  const state = result.meters.find((meter) => meter.meter === result.meter);
  const seconds = Math.max(1, Math.ceil(result.retryAfterMs / 1_000));
  const message =
    result.meter === 'concurrent'
      ? `Too many calls at one time: ${state?.limit} of this key are in flight already.`
      : `The limit of ${state?.limit} ${result.meter} is reached. Try again in ${seconds} s.`;
  return new LlmError('rate_limit_exceeded', message, { retryAfterMs: result.retryAfterMs });
}

/** The places that this process holds: given back in batches, and renewed while their calls last. */
class HeldPlaces {
  readonly #meters: Meters;
  readonly #health: ConcernHealth;
  readonly #held = new Map<string, HeldPlace>();
  #releasing: HeldPlace[] = [];
  #renewal: NodeJS.Timeout | undefined;

  constructor(meters: Meters, health: ConcernHealth) {
    this.#meters = meters;
    this.#health = health;
  }

  hold(place: HeldPlace): void {
    this.#held.set(place.callId, place);
    this.#renewal ??= setInterval(() => this.#renew(), LEASE_MS / 3).unref();
  }

  release(place: HeldPlace): void {
    this.#held.delete(place.callId);
    if (this.#held.size === 0) {
      clearInterval(this.#renewal);
      this.#renewal = undefined;
    }
    this.#releasing.push(place);
    if (this.#releasing.length === 1) {
      // together with those of the other calls that end in this turn of the event loop; a client's next call comes after it
      setImmediate(() => {
        const places = this.#releasing;
        this.#releasing = [];
        this.#meters.release(places).catch((error: unknown) => this.#health.failed(error));
      });
    }
  }

  #renew(): void {
    this.#meters.renew([...this.#held.values()]).catch((error: unknown) => this.#health.failed(error));
  }
}
