import {
  type CallChanges,
  type Clock,
  copyCall,
  type LlmCall,
  LlmError,
  type LlmReply,
  type LlmService,
  type Operation,
  type Random,
  systemClock,
  systemRandom,
} from '@sluice/core';
import type { ProxyMetrics } from '../proxy-metrics.ts';
import { type AttemptResult, type FailedAttempt, showTarget, TargetAttempt } from './attempt.ts';
import type { AttemptObserver } from './attempt-observer.ts';
import {
  BreakerObserver,
  hedgeLabel,
  latencyObserver,
  loadObserver,
  metricsObserver,
  type TargetUsage,
  usageObserver,
} from './attempt-observers.ts';
import { CallHistory } from './call-history.ts';
import { type BreakerSettings, CircuitBreakers } from './circuit-breakers.ts';
import { hasMoreContext, tooSmall } from './context-sizes.ts';
import { ExcludedTargets } from './excluded-targets.ts';
import { FAILURES } from './failure-policy.ts';
import { callerKey } from './failure-source.ts';
import { type Contest, withHedge } from './hedge.ts';
import { circuitKey, type FallbackReason, type Model, type Target } from './model.ts';
import { noTargetAvailable } from './no-target.ts';
import { type ModelLookup, resolveModel } from './resolve-model.ts';
import { RetryPolicy, type RetrySettings, type RetryState, type TargetState } from './retry-policy.ts';
import { RoutingMemory } from './routing-memory.ts';
import { type Selection, Selector } from './selector.ts';
import { SharedLoads } from './shared-loads.ts';
import { localCircuits, localLoads } from './single-replica.ts';
import type { TargetFigures } from './strategies.ts';

export interface RouterOptions {
  readonly models: ModelLookup;
  readonly usage: TargetUsage & Pick<TargetFigures, 'calls'>;
  /** Load shared with the other replicas; only this process's own load if not given. */
  readonly loads?: SharedLoads;
  readonly breakers?: CircuitBreakers;
  /** Lasts when the router is replaced, as by a change of the configuration; new if not given. */
  readonly memory?: RoutingMemory;
  readonly retries?: () => RetrySettings;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Returns whether this process was suspended recently. */
  readonly slept?: () => boolean;
  readonly metrics?: Pick<ProxyMetrics, 'attempts' | 'usageEstimated' | 'retries' | 'fallbacks' | 'hedges'>;
}

/** Defaults for missing configuration. */
const BREAKER: BreakerSettings = { consecutive: 5, share: 0.5, minimum: 10, windowMs: 30_000, openMs: 5_000 };
const RETRIES: RetrySettings = {
  max: 2,
  budget: { share: 0.1, floorPerS: 1 },
  initialMs: 250,
  maxMs: 4_000,
  maxWaitMs: 5_000,
};
const FALL_BACK_ON: readonly FallbackReason[] = ['error', 'rate_limit', 'context_length'];

const NO_FAILURES: ReadonlyMap<Target, FailedAttempt> = new Map();
const NO_TARGETS: ReadonlySet<Target> = new Set();
const UNCHANGED: CallChanges = {};

/** Operations that are never hedged: a second call would change an account twice, or open a second session. */
const NOT_HEDGED: ReadonlySet<Operation> = new Set(['other', 'realtime']);

/**
 * Serves a call by one of the targets of the requested model. If a target fails before its response has begun, the router calls
 * the other targets. After those it retries the targets with a transient failure, and then calls the fallback models. So the
 * client never receives content that has to be retracted.
 *
 * @throws LlmError `model_not_found`, `no_healthy_target`, `overloaded`, `rate_limit_exceeded`, and the error of the last
 * target
 *
 * @example
 * const service = compose([caching({ cache, ttlS: 60 })], new Router({ models, usage }));
 * const reply = await service.complete(call);
 */
export class Router implements LlmService {
  readonly #models: ModelLookup;
  readonly #clock: Clock;
  readonly #memory: RoutingMemory;
  readonly #breakers: CircuitBreakers;
  readonly #retries: RetryPolicy;
  readonly #selector: Selector;
  readonly #observers: readonly AttemptObserver[];
  readonly #metrics: RouterOptions['metrics'];

  constructor(options: RouterOptions) {
    const { models, usage, metrics, clock = systemClock, random = systemRandom } = options;
    const loads = options.loads ?? new SharedLoads({ store: localLoads, replica: '', clock });
    const breakers = options.breakers ?? new CircuitBreakers({ store: localCircuits, settings: () => BREAKER, clock });
    const memory = options.memory ?? new RoutingMemory(clock);
    this.#models = models;
    this.#clock = clock;
    this.#memory = memory;
    this.#breakers = breakers;
    this.#metrics = metrics;
    this.#retries = new RetryPolicy({ memory, settings: options.retries ?? (() => RETRIES), clock, random });
    const figures: TargetFigures = {
      calls: (target) => usage.calls(target),
      outstanding: (target) => loads.outstanding(target),
      speed: (target) => loads.speed(target),
    };
    this.#selector = new Selector({ breakers, figures, random });
    this.#observers = [
      loadObserver(loads),
      latencyObserver((target) => memory.latencies(target)),
      new BreakerObserver(breakers, options.slept ?? (() => false)),
      usageObserver(usage),
      ...(metrics === undefined ? [] : [metricsObserver(metrics)]),
    ];
  }

  async complete(call: LlmCall): Promise<LlmReply> {
    const model = resolveModel(call, this.#models);
    const { fallback = [], fallbackOn = FALL_BACK_ON } = model;
    const all = [model, ...fallback];
    const excluded = new ExcludedTargets(CallHistory.of(call), fallbackOn.includes('error') ? all : [model]);
    const candidates = excluded.isEmpty ? all : all.filter((one) => excluded.leaves(one));
    let last: FailedAttempt | undefined;
    for (let n = 0; n < candidates.length; n++) {
      const candidate = candidates[n] as Model;
      if (last !== undefined) {
        const reason = FAILURES[last.failure.kind].fallback;
        if (reason === undefined || !fallbackOn.includes(reason)) break;
        if (reason === 'context_length' && !hasMoreContext(candidate, model)) continue;
      }
      if (candidate !== model) this.#countFallback(model, last);
      const result = await this.#tryModel(call, candidate, excluded, n < candidates.length - 1);
      if (result.failure === undefined) return result.reply;
      last = result;
    }
    const { outcome } = last ?? noTargetAvailable(model, []);
    if (outcome instanceof LlmError) throw outcome;
    return outcome;
  }

  /** Calls the targets of a model until one answers, and retries those that may succeed. */
  async #tryModel(call: LlmCall, model: Model, excluded: ExcludedTargets, hasFallback: boolean): Promise<AttemptResult> {
    let failed = NO_FAILURES;
    const fallbackOn = model.fallbackOn ?? FALL_BACK_ON;
    let last: FailedAttempt | undefined;
    let retryState: RetryState = { retries: 0, waitedMs: 0 };
    for (;;) {
      const skipped =
        failed.size === 0 && excluded.isEmpty
          ? NO_TARGETS
          : new Set([...failed.keys(), ...excluded.of(model), ...tooSmall(model, failed)]);
      const selected = await this.#selector.select(call, model, skipped);
      if (selected !== undefined && 'target' in selected) {
        const result = await this.#attemptOrHedge(call, model, selected, skipped);
        if (result.failure === undefined) return result;
        const reason = FAILURES[result.failure.kind].fallback;
        const isRetryRequested = result.failure.shouldRetry === true;
        if (!isRetryRequested && (reason === undefined || !fallbackOn.includes(reason))) return result;
        failed = new Map(failed).set(selected.target, result);
        last = result;
        continue;
      }
      last = selected ?? last;
      const targets = this.#targetStates(call, model, excluded, failed);
      const delay = this.#retries.nextDelay(call, targets, retryState, hasFallback);
      if (delay === undefined) return last ?? noTargetAvailable(model, targets);
      if (delay.retries !== undefined) this.#metrics?.retries.inc({ provider: delay.retries });
      const retries = retryState.retries + (delay.retries === undefined ? 0 : 1);
      retryState = { retries, waitedMs: retryState.waitedMs + delay.ms };
      await this.#retries.sleep(delay.ms, call.signal);
      const remaining = new Map(failed);
      for (const { target, failure } of targets)
        if (failure === undefined || this.#retries.isRetryable(failure)) remaining.delete(target);
      failed = remaining;
    }
  }

  #targetStates(
    call: LlmCall,
    model: Model,
    excluded: ExcludedTargets,
    failed: ReadonlyMap<Target, FailedAttempt>,
  ): readonly TargetState[] {
    return model.targets
      .filter((target) => !excluded.has(target))
      .map((target) => ({
        target,
        failure: failed.get(target)?.failure,
        availability: this.#breakers.availability(circuitKey(target), callerKey(call)),
      }));
  }

  #attemptOrHedge(call: LlmCall, model: Model, selected: Selection, skipped: ReadonlySet<Target>): Promise<AttemptResult> {
    const { hedgeAfter } = model;
    const delayMs = hedgeAfter === 'p95' ? this.#memory.latencies(selected.target).quantile(0.95) : hedgeAfter;
    if (delayMs === undefined || model.targets.length === 1 || NOT_HEDGED.has(call.operation))
      return this.#attempt(call, selected);
    return this.#hedge(call, model, selected, skipped, delayMs);
  }

  async #hedge(
    call: LlmCall,
    model: Model,
    selected: Selection,
    skipped: ReadonlySet<Target>,
    delayMs: number,
  ): Promise<AttemptResult> {
    const { result, by, hedged } = await withHedge<Selection>({
      signal: call.signal,
      delayMs,
      first: selected,
      second: async () => {
        const second = await this.#selector.select(call, model, new Set([...skipped, selected.target]));
        return second !== undefined && 'target' in second ? second : undefined;
      },
      attempt: (chosen, contest) => this.#attempt(call, chosen, contest),
    });
    if (result.failure === undefined) showTarget(call, by.target);
    if (hedged) this.#metrics?.hedges.inc({ provider: selected.target.provider, outcome: hedgeLabel(by === selected) });
    return result;
  }

  /** Makes one attempt with a copy of the call, and returns the permits at its end. */
  async #attempt(of: LlmCall, { target, probe, release }: Selection, contest?: Contest): Promise<AttemptResult> {
    const call = copyCall(of, contest === undefined ? UNCHANGED : { signal: contest.signal });
    // only first attempts fund the retry budget
    if (CallHistory.of(call).begin()) this.#retries.deposit(target.provider);
    let streamed = false;
    try {
      const options = { call, target, probe, superseded: contest?.superseded, observers: this.#observers, clock: this.#clock };
      const result = await new TargetAttempt(options).run();
      if (result.failure === undefined && 'stream' in result.reply) {
        streamed = true;
        result.reply.stream.onEnd(release);
      }
      return result;
    } finally {
      if (!streamed) release();
    }
  }

  #countFallback(model: Model, last: FailedAttempt | undefined): void {
    const reason = last === undefined ? undefined : FAILURES[last.failure.kind].fallback;
    this.#metrics?.fallbacks.inc({ model: model.name, reason: reason ?? 'error' });
  }
}
