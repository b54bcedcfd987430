import type { Failure, FailureKind, Money, Usage } from '@sluice/core';
import type { ProxyMetrics } from '../proxy-metrics.ts';
import type { AttemptEnd, AttemptObserver, BegunAttempt } from './attempt-observer.ts';
import type { CircuitBreakers } from './circuit-breakers.ts';
import { FAILURES } from './failure-policy.ts';
import { callerKey, failureSource } from './failure-source.ts';
import type { LatencySamples } from './latency-samples.ts';
import { circuitKey, type Target } from './model.ts';
import type { SharedLoads } from './shared-loads.ts';

/** Receives the targets that were picked, and what their calls cost. */
export interface TargetUsage {
  onPick(target: Target): void;
  onDone(target: Target, spent: { readonly usage: Usage | undefined; readonly cost: Money | undefined }, ok: boolean): void;
}

/** Cooldown of a rate-limited target that reports no delay. */
const COOLDOWN_MS = 1_000;

/** Counts picks, usage, cost and errors of targets for the strategies and the dashboard. */
export function usageObserver(usage: TargetUsage): AttemptObserver {
  return {
    onStart: ({ target }) => usage.onPick(target),
    onEnd({ target }, end) {
      switch (end.kind) {
        case 'answered':
          return usage.onDone(target, end.charge, end.status < 500);
        case 'streamed':
          return usage.onDone(target, end.charge, end.fault === undefined);
        case 'cancelled':
          return usage.onDone(target, end.charge, true);
        case 'failed':
          if (FAILURES[end.failure.kind].opensCircuit) usage.onDone(target, { usage: undefined, cost: undefined }, false);
      }
    },
  };
}

/** Counts the calls in flight of targets and measures their speed. */
export function loadObserver(loads: SharedLoads): AttemptObserver {
  return {
    onStart: ({ target }) => loads.begin(target.name),
    onReply({ target }, firstMs, streamed) {
      if (streamed) loads.measured(target.name, { firstMs });
    },
    onEnd({ target }, end) {
      loads.end(target.name);
      if (end.kind === 'answered') loads.measured(target.name, { wholeMs: end.tookMs });
      if (end.kind !== 'streamed' || end.fault !== undefined || end.outcome.end !== 'finished') return;
      const tokens = end.charge.usage?.outputTokens ?? 0;
      if (tokens > 1) loads.measured(target.name, { tokenMs: end.lastedMs / (tokens - 1) });
    },
  };
}

/** Samples the time until responses begin, for hedging. */
export function latencyObserver(latencies: (target: Target) => LatencySamples): AttemptObserver {
  return { onReply: ({ target }, tookMs) => latencies(target).add(tookMs) };
}

/** Counts attempts by outcome, and estimated usage. */
export function metricsObserver(metrics: Pick<ProxyMetrics, 'attempts' | 'usageEstimated'>): AttemptObserver {
  return {
    onEnd({ target: { provider } }, end) {
      metrics.attempts.inc({ provider, outcome: OUTCOME_LABELS[outcomeOf(end)] });
      if ('charge' in end && end.charge.estimated !== undefined)
        metrics.usageEstimated.inc({ provider, reason: end.charge.estimated });
    },
  };
}

/** An attempt's outcome, as it is counted. */
type CountedOutcome = 'ok' | 'error' | 'rate_limited' | 'refused' | 'cancelled' | 'superseded';

/** Values of the label `outcome`. They are older than the words of the code, and dashboards rely on them. */
const OUTCOME_LABELS: Readonly<Record<CountedOutcome, string>> = {
  ok: 'ok',
  error: 'error',
  rate_limited: 'rate_limited',
  refused: 'refused',
  cancelled: 'cancelled',
  superseded: 'lost',
};

/** Returns the label `outcome` of a hedge. @param superseded whether the first attempt was faster */
export const hedgeLabel = (superseded: boolean): string => (superseded ? OUTCOME_LABELS.superseded : 'won');

function outcomeOf(end: AttemptEnd): CountedOutcome {
  switch (end.kind) {
    case 'answered':
      return end.status < 500 ? 'ok' : 'error';
    case 'streamed':
      return end.superseded ? 'superseded' : end.broken ? 'error' : 'ok';
    case 'cancelled':
      return end.superseded ? 'superseded' : 'cancelled';
    case 'refused':
      return 'refused';
    case 'failed':
      if (end.failure.kind === 'rate_limited') return 'rate_limited';
      return FAILURES[end.failure.kind].opensCircuit ? 'error' : 'refused';
  }
}

/** Reports successes and failures of targets to their circuit breakers. */
export class BreakerObserver implements AttemptObserver {
  readonly #breakers: CircuitBreakers;
  readonly #slept: () => boolean;

  /** @param slept returns whether this process was suspended recently, so that deadlines passed in which it received nothing */
  constructor(breakers: CircuitBreakers, slept: () => boolean) {
    this.#breakers = breakers;
    this.#slept = slept;
  }

  onReply({ call, target, probe }: BegunAttempt, _tookMs: number, streamed: boolean): void {
    // the begin of a stream proves that the target is up
    if (probe && streamed) this.#breakers.succeeded(circuitKey(target), true, callerKey(call));
  }

  onEnd(attempt: BegunAttempt, end: AttemptEnd): void {
    const { call, target, probe } = attempt;
    switch (end.kind) {
      case 'answered':
        if (end.status < 500) this.#breakers.succeeded(circuitKey(target), probe, callerKey(call));
        else this.#countFailure(attempt, 'server_error', probe);
        return;
      case 'streamed':
        if (end.fault !== undefined) this.#countFailure(attempt, end.fault, false);
        else if (end.outcome.end === 'finished') this.#breakers.succeeded(circuitKey(target), false, callerKey(call));
        return;
      case 'failed':
        this.#failed(attempt, end.failure);
        return;
      case 'refused':
      case 'cancelled':
        if (probe) this.#breakers.inconclusive(circuitKey(target));
    }
  }

  #failed(attempt: BegunAttempt, { kind, retryAfterMs, tooLarge }: Failure): void {
    const { call, target, probe } = attempt;
    const circuit = circuitKey(target);
    if (FAILURES[kind].opensCircuit) this.#countFailure(attempt, kind, probe);
    else if (kind === 'rate_limited') {
      if (probe) this.#breakers.inconclusive(circuit);
    }
    // a 4xx about the request proves that the target is up
    else this.#breakers.succeeded(circuit, probe, callerKey(call));
    const cooldownMs = retryAfterMs ?? (kind === 'rate_limited' ? COOLDOWN_MS : 0);
    // a call above the provider's maximum does not concern smaller calls
    if (cooldownMs > 0 && tooLarge !== true) this.#breakers.backOff(circuit, cooldownMs, callerKey(call));
  }

  /** Counts one failure per call and target, and none by a deadline that passed while this process was suspended. */
  #countFailure({ call, target, failuresBefore }: BegunAttempt, kind: FailureKind, probe: boolean): void {
    const circuit = circuitKey(target);
    if (FAILURES[kind].byDeadline && this.#slept()) {
      if (probe) this.#breakers.inconclusive(circuit);
      return;
    }
    if (failuresBefore > 0 && !probe) return;
    this.#breakers.failed(circuit, probe, kind === 'server_error' ? failureSource(call) : undefined);
  }
}
