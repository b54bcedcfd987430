import {
  type Caller,
  type Clock,
  type ConcernHealth,
  isStreamed,
  type LlmCall,
  LlmError,
  type LlmProxy,
  type LlmReply,
  PerCall,
  systemClock,
  toUsd,
  unwatched,
} from '@sluice/core';
import { costOf } from '@sluice/pricing';
import type { Hold, Meters, ReservationResult } from '@sluice/store/ports';
import type { Metrics } from '@sluice/telemetry';
import { periodAt } from './budget-period.ts';
import { type CallEstimate, estimateCall } from './call-estimate.ts';
import { HeldAmounts, heldPlace, LEASE_MS } from './held-amounts.ts';
import type { Model } from './load-balancing.ts';

export interface MeteringOptions {
  readonly meters: Meters;
  /** What a call may cost is told by its model's targets. */
  readonly models?: { get(name: string): Model | undefined };
  readonly clock?: Clock;
  readonly metrics?: Pick<Metrics, 'rateLimited' | 'budgetRejected'>;
  /** Where the store fails, calls with limits are refused; what could not be given back is freed by its lease. */
  readonly health?: ConcernHealth;
}

/** What is reserved for a call. */
interface Reservation {
  readonly holds: readonly Hold[];
  readonly result: Promise<ReservationResult>;
  /** Only where tokens or money are limited. */
  readonly estimate: CallEstimate | undefined;
}

/**
 * Holds a caller to its limits, over all replicas: calls and tokens in a sliding window, money in a stretch of the calendar, and calls in flight at one time.
 * What a call may come to is reserved before it is made, on all meters or on none, and settled when it is known what it came to. What is refused is not
 * charged. A caller without limits costs no trip.
 *
 * @throws LlmError `rate_limit_exceeded`, `insufficient_quota`, `limiter_unavailable`, `budget_unavailable`
 */
export function metering(options: MeteringOptions): LlmProxy {
  const { meters, metrics, models } = options;
  const clock = options.clock ?? systemClock;
  const health = options.health ?? unwatched;
  const reservations = new PerCall<Reservation | 'none'>();
  const held = new HeldAmounts(meters, health);

  const ofCall = (call: LlmCall) => {
    const { tenant, keyName } = call.facts.caller as Caller;
    return { tenant, subject: keyName, callId: call.id };
  };

  const reserve = (call: LlmCall): Reservation | 'none' => {
    const caller = call.facts.caller;
    if (caller === undefined) return 'none';
    const { tokens, budget } = caller.limits;
    const model = models?.get(call.message.view().model);
    const estimate = tokens === undefined && budget === undefined ? undefined : estimateCall(call, model);
    const holds = holdsOf(caller, estimate, clock.now());
    if (holds.length === 0) return 'none';
    const result = meters.reserve({ ...ofCall(call), holds });
    // it is awaited later; until then a failure must not count as unhandled
    result.catch(() => {});
    return { holds, result, estimate };
  };

  /** What a call came to, where its provider has not said it: its prompt, and as much of an answer as was seen. */
  const estimated = (call: LlmCall, { usage }: CallEstimate, outputTokens: number): void => {
    const { facts } = call;
    const target = models?.get(call.message.view().model)?.targets.find(({ name }) => name === facts.target);
    facts.usage = { inputTokens: usage.inputTokens, outputTokens };
    facts.estimated = true;
    facts.cost = costOf(target?.price, facts.usage);
  };

  const settle = (call: LlmCall, { holds, estimate }: Reservation, receipts: readonly number[]): void => {
    if (estimate === undefined) {
      held.release(holds.flatMap((hold) => heldPlace(ofCall(call), hold)));
      return;
    }
    const { usage, cost, cache } = call.facts;
    const free = cache === 'hit' || usage === undefined;
    const tokens = free ? 0 : usage.inputTokens + usage.outputTokens;
    held.settle({
      ...ofCall(call),
      holds: holds.map((hold, n) => ({
        hold,
        receipt: receipts[n] ?? 0,
        actual: actualOf(hold, tokens, free ? 0 : (cost ?? 0)),
      })),
    });
  };

  const follow = (call: LlmCall, reply: LlmReply, done: () => void, estimate: CallEstimate | undefined): void => {
    if (!isStreamed(reply)) {
      done();
      return;
    }
    let events = 0;
    if (estimate !== undefined)
      reply.stream.tap((bytes) => {
        events += eventsIn(bytes);
      });
    void reply.stream.outcome.then(({ end }) => {
      const unknown = call.facts.usage === undefined && call.facts.cache !== 'hit';
      if (estimate !== undefined && unknown && (events > 0 || end === 'cancelled')) estimated(call, estimate, events);
      done();
    });
  };

  return (next) => ({
    prepare(call) {
      reservations.set(call, reserve(call));
    },
    async complete(call) {
      const reservation = reservations.get(call) ?? reserve(call);
      if (reservation === 'none') return next.complete(call);
      const { holds, estimate } = reservation;
      let result: ReservationResult;
      try {
        result = await reservation.result;
        health.works();
      } catch (error) {
        health.failed(error);
        // the script may still run when the server wakes: give back what it would take
        held.release(holds.flatMap((hold) => heldPlace(ofCall(call), hold)));
        throw unavailable(call.facts.caller as Caller, error);
      }
      call.facts.meters = result.meters.filter(({ meter }) => meter !== 'budget');
      if (!result.admitted) {
        if (result.meter === 'budget') metrics?.budgetRejected.inc();
        else metrics?.rateLimited.inc({ meter: result.meter });
        throw fullMeter(result);
      }
      const { receipts } = result;
      held.hold(ofCall(call), holds);
      try {
        const reply = await next.complete(call);
        follow(call, reply, () => settle(call, reservation, receipts), estimate);
        return reply;
      } catch (error) {
        settle(call, reservation, receipts);
        throw error;
      }
    },
  });
}

function holdsOf(caller: Caller, estimate: CallEstimate | undefined, nowMs: number): Hold[] {
  const { requests, tokens, budget, concurrent } = caller.limits;
  const holds: Hold[] = [];
  if (requests !== undefined) {
    holds.push({ kind: 'window', meter: 'requests', limit: requests.limit, windowMs: requests.windowMs, amount: 1 });
  }
  if (tokens !== undefined && estimate !== undefined) {
    // what can never fit is let through to the meter whole: it says so
    const amount = estimate.usage.inputTokens + estimate.usage.outputTokens;
    holds.push({ kind: 'window', meter: 'tokens', limit: tokens.limit, windowMs: tokens.windowMs, amount });
  }
  if (budget !== undefined && estimate !== undefined) {
    const { name, endsAtMs } = periodAt(budget.period, nowMs);
    const { amount: limit } = budget;
    holds.push({ kind: 'budget', meter: 'budget', limit, amount: estimate.cost, period: name, endsAtMs, leaseMs: LEASE_MS });
  }
  if (concurrent !== undefined) {
    holds.push({ kind: 'concurrency', meter: 'concurrent', limit: concurrent, leaseMs: LEASE_MS });
  }
  return holds;
}

function actualOf(hold: Hold, tokens: number, cost: number): number {
  if (hold.kind === 'budget') return cost;
  return hold.kind === 'window' && hold.meter === 'requests' ? hold.amount : tokens;
}

/** The events of a stream, about one a token: how often a line feed follows another. */
function eventsIn(bytes: Uint8Array): number {
  let count = 0;
  for (let n = 1; n < bytes.length; n++) if (bytes[n] === 0x0a && bytes[n - 1] === 0x0a) count++;
  return count;
}

function unavailable({ limits }: Caller, cause: unknown): LlmError {
  const [code, what] =
    limits.budget === undefined ? (['limiter_unavailable', 'limits'] as const) : (['budget_unavailable', 'budget'] as const);
  return new LlmError(code, `The ${what} of this key cannot be checked right now.`, { retryAfterMs: 1_000, cause });
}

function fullMeter(result: ReservationResult & { admitted: false }): LlmError {
  const { retryAfterMs } = result;
  const state = result.meters.find((meter) => meter.meter === result.meter);
  const limit = state?.limit ?? 0;
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  switch (result.meter) {
    case 'concurrent':
      return new LlmError('rate_limit_exceeded', `Too many calls at one time: ${limit} of this key are in flight already.`, {
        retryAfterMs,
      });
    case 'budget':
      return new LlmError(
        'insufficient_quota',
        `The budget of ${toUsd(limit)} USD is spent, or what is left of it (${toUsd(state?.remaining ?? 0)} USD) does not pay for what this call may cost.`,
        { retryAfterMs },
      );
    default:
      return new LlmError('rate_limit_exceeded', `The limit of ${limit} ${result.meter} is reached. Try again in ${seconds} s.`, {
        retryAfterMs,
      });
  }
}
