import {
  asLlmError,
  type Clock,
  type FailureKind,
  type LlmCall,
  LlmError,
  type LlmReply,
  type LlmService,
  type Operation,
  type Random,
  systemClock,
  systemRandom,
  type UnreadRequest,
} from '@sluice/core';
import type { Metrics } from '@sluice/telemetry';
import { aloneWithCircuits, aloneWithLoads } from './alone.ts';
import { Attempts, showTarget, type TargetUsage, type Tried } from './attempts.ts';
import { type Availability, type BreakerSettings, CircuitBreakers } from './circuit-breakers.ts';
import { hasMoreContext, tooSmall } from './context-sizes.ts';
import { Excluded } from './excluded.ts';
import { hedged } from './hedging.ts';
import { LatencySamples } from './latency-samples.ts';
import { circuitOf, type FallbackReason, type Model, type Target, withSessions } from './model.ts';
import { Retries, type RetrySettings } from './retries.ts';
import { SharedLoads } from './shared-loads.ts';
import { pick, type TargetFigures } from './strategies.ts';
import { callerKey } from './voice.ts';

export interface LoadBalancingOptions {
  readonly models: {
    get(name: string): Model | undefined;
    /** Returns the model that serves a request which names no model. */
    other?(request: UnreadRequest): Model | undefined;
  };
  readonly usage: TargetUsage & Pick<TargetFigures, 'calls'>;
  /** Load shared with the other replicas; only this process's own load if not given. */
  readonly loads?: SharedLoads;
  readonly breakers?: CircuitBreakers;
  readonly retries?: () => RetrySettings;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Returns whether this process was suspended recently. */
  readonly slept?: () => boolean;
  readonly metrics?: Pick<Metrics, 'attempts' | 'usageEstimated' | 'retries' | 'fallbacks' | 'hedges'>;
}

/** An attempt that failed or could not be made. */
type FailedAttempt = Exclude<Tried, { failure?: undefined }>;

/** A target to call, with a permit of each of its concurrency limits. */
interface Selection {
  readonly target: Target;
  readonly probe: boolean;
  readonly release: () => void;
}

/**
 * Maps a failure to the reason for trying another target or model. `rejected` has no reason: the request is invalid at every
 * provider.
 */
const REASONS: Readonly<Record<FailureKind, FallbackReason | undefined>> = {
  unreachable: 'error',
  silent: 'error',
  unavailable: 'error',
  credentials: 'error',
  busy: 'error',
  rate_limited: 'rate_limit',
  context_length: 'context_length',
  content_refused: 'content_refused',
  model_unavailable: 'error',
  rejected: undefined,
};
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

/** @throws LlmError `model_not_found`, `not_found` */
function modelFor(call: LlmCall, models: LoadBalancingOptions['models']): Model {
  const name = call.message.view().model;
  const { unread } = call.message;
  if (unread !== undefined && name === '') {
    const model = models.other?.(unread);
    if (model !== undefined) return model;
    throw new LlmError('not_found', `No configured provider serves ${call.route}.`);
  }
  const model = models.get(name);
  if (model === undefined) throw new LlmError('model_not_found', `The model '${name}' does not exist.`, { param: 'model' });
  if (call.message.realtime !== undefined) return withSessions(model, call.message.realtime.api);
  const provider = unread?.provider ?? call.provider;
  return provider === undefined ? model : atProvider(model, provider);
}

/**
 * Returns the targets of a model at one provider, because the objects that a request names are in that provider's account.
 * @throws LlmError `not_found`
 */
function atProvider(model: Model, provider: string): Model {
  const targets = model.targets.filter((target) => target.provider === provider);
  if (targets.length > 0) return { ...model, targets, fallback: [] };
  throw new LlmError('not_found', `The model '${model.name}' is not available at the provider '${provider}'.`);
}

/** Operations that are never hedged: a second call would change an account twice, or open a second session. */
const NOT_HEDGED: ReadonlySet<Operation> = new Set(['other', 'realtime']);

const answeredBy = ({ outcome }: FailedAttempt): LlmReply => {
  if (outcome instanceof LlmError) throw outcome;
  return outcome;
};

/**
 * Serves a call by one of the targets of the requested model. If a target fails before its response has begun, it tries the
 * other targets. After those it retries the targets with a transient failure, and then the fallback models. So the client never
 * receives content that has to be retracted.
 *
 * @throws LlmError `model_not_found`, `no_healthy_target`, `overloaded`, `rate_limit_exceeded`, and the error of the last
 * target
 */
export function loadBalancing(options: LoadBalancingOptions): LlmService {
  const { models, usage, metrics } = options;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom;
  const loads = options.loads ?? new SharedLoads({ store: aloneWithLoads, replica: '', clock });
  const breakers = options.breakers ?? new CircuitBreakers({ store: aloneWithCircuits, settings: () => BREAKER, clock });
  const retries = new Retries({ settings: options.retries ?? (() => RETRIES), clock, random });
  const samples = new Map<string, LatencySamples>();
  const latencies = ({ name }: Target): LatencySamples => {
    let known = samples.get(name);
    if (known === undefined) {
      known = new LatencySamples();
      samples.set(name, known);
    }
    return known;
  };
  const attempts = new Attempts({ usage, loads, breakers, latencies, clock, metrics, slept: options.slept });
  const figures: TargetFigures = {
    calls: (target) => usage.calls(target),
    outstanding: (target) => loads.outstanding(target),
    speed: (target) => loads.speed(target),
  };

  const isFull = ({ limits }: Target): boolean => limits?.some((limit) => limit.full) === true;

  /** Acquires a permit of each of a target's limits, or of none. */
  const enter = async (call: LlmCall, { limits }: Target): Promise<() => void> => {
    if (limits === undefined || limits.length === 0) return () => {};
    const acquired: (() => void)[] = [];
    const release = (): void => {
      for (const one of acquired) one();
    };
    try {
      for (const limit of limits) acquired.push(await limit.enter(call.facts.caller?.tenant ?? '', call.signal));
    } catch (error) {
      release();
      throw error;
    }
    return release;
  };

  /**
   * Picks the best available target that has not failed this call. Waits for a permit only if no other target has a free one.
   */
  const choose = async (
    call: LlmCall,
    model: Model,
    but: ReadonlySet<Target>,
  ): Promise<Selection | FailedAttempt | undefined> => {
    const strategy = call.preferences.optimizeFor ?? model.strategy;
    const key = callerKey(call);
    const refused = new Set<Target>();
    let busy: FailedAttempt | undefined;
    for (;;) {
      const open = model.targets.filter((target) => {
        if (but.has(target) || refused.has(target)) return false;
        const { kind } = breakers.availability(circuitOf(target), key);
        return kind === 'ready' || kind === 'due';
      });
      if (open.length === 0) return busy;
      const free = open.length === 1 ? open : open.filter((target) => !isFull(target));
      const target = pick(strategy, free.length === 0 ? open : free, call, figures, random);
      const circuit = circuitOf(target);
      const probe = breakers.availability(circuit, key).kind === 'due';
      if (probe && !(await breakers.tryProbe(circuit, key))) {
        refused.add(target);
        continue;
      }
      try {
        return { target, probe, release: await enter(call, target) };
      } catch (thrown) {
        if (probe) breakers.undecided(circuit);
        const error = asLlmError(thrown);
        if (error.failure === undefined) throw error;
        busy = { failure: error.failure, outcome: error };
        refused.add(target);
      }
    }
  };

  const attempt = async (call: LlmCall, { target, probe, release }: Selection, race?: { lost: LlmError }): Promise<Tried> => {
    // only first attempts fund the retry budget
    if (call.facts.attempts === 0) retries.called(target.provider);
    let streamed = false;
    try {
      const tried = await attempts.make(call, target, probe, race);
      if (tried.failure === undefined && 'stream' in tried.reply) {
        streamed = true;
        void tried.reply.stream.outcome.then(release);
      }
      return tried;
    } finally {
      if (!streamed) release();
    }
  };

  const attemptOrHedge = async (call: LlmCall, model: Model, chosen: Selection, but: ReadonlySet<Target>): Promise<Tried> => {
    const { hedgeAfter } = model;
    const afterMs = hedgeAfter === 'p95' ? latencies(chosen.target).quantile(0.95) : hedgeAfter;
    if (afterMs === undefined || model.targets.length === 1 || NOT_HEDGED.has(call.operation)) return attempt(call, chosen);
    const raced = await hedged<Selection>({
      call,
      afterMs,
      first: chosen,
      second: async () => {
        const second = await choose(call, model, new Set([...but, chosen.target]));
        return second !== undefined && 'target' in second ? second : undefined;
      },
      attempt,
    });
    if (raced.tried.failure === undefined) showTarget(call, raced.by.target);
    if (raced.hedged) metrics?.hedges.inc({ provider: chosen.target.provider, outcome: raced.by === chosen ? 'lost' : 'won' });
    return raced.tried;
  };

  /** Tries everything that a model's own targets can do for a call. */
  const serveBy = async (call: LlmCall, model: Model, isLast: boolean, excluded: Excluded): Promise<Tried | undefined> => {
    const failed = new Map<Target, FailedAttempt>();
    const on = model.fallbackOn ?? FALL_BACK_ON;
    let last: FailedAttempt | undefined;
    let again = { retries: 0, waitedMs: 0 };
    for (;;) {
      const but = new Set([...failed.keys(), ...excluded.of(model), ...tooSmall(model, failed)]);
      const chosen = await choose(call, model, but);
      if (chosen !== undefined && 'target' in chosen) {
        const tried = await attemptOrHedge(call, model, chosen, but);
        if (tried.failure === undefined) return tried;
        last = tried;
        const reason = REASONS[tried.failure.kind];
        const repeat = tried.failure.shouldRetry === true;
        if (!repeat && (reason === undefined || !on.includes(reason))) return tried;
        failed.set(chosen.target, tried);
        continue;
      }
      last = chosen ?? last;
      const states = model.targets
        .filter((target) => !excluded.has(target))
        .map((target) => ({
          target,
          failure: failed.get(target)?.failure,
          availability: breakers.availability(circuitOf(target), callerKey(call)),
        }));
      const wait = retries.wait(call, states, again, isLast);
      if (wait === undefined) return last ?? noTarget(model, states);
      const isRetry = wait.retries !== undefined;
      again = { retries: again.retries + (isRetry ? 1 : 0), waitedMs: again.waitedMs + wait.ms };
      if (wait.retries !== undefined) metrics?.retries.inc({ provider: wait.retries });
      await retries.pause(wait.ms, call.signal);
      for (const { target, failure } of states) if (failure === undefined || retries.mayHelp(failure)) failed.delete(target);
    }
  };

  return {
    async complete(call) {
      const model = modelFor(call, models);
      const { fallback = [], fallbackOn = FALL_BACK_ON } = model;
      const excluded = new Excluded(call, fallbackOn.includes('error') ? [model, ...fallback] : [model]);
      const candidates = [model, ...fallback].filter((one) => excluded.leaves(one));
      let last: FailedAttempt | undefined;
      for (const [n, candidate] of candidates.entries()) {
        if (last !== undefined) {
          const reason = REASONS[last.failure.kind];
          if (reason === undefined || !fallbackOn.includes(reason)) break;
          if (reason === 'context_length' && !hasMoreContext(candidate, model)) continue;
        }
        if (candidate !== model)
          metrics?.fallbacks.inc({ model: model.name, reason: (last && REASONS[last.failure.kind]) ?? 'error' });
        const tried = await serveBy(call, candidate, n === candidates.length - 1, excluded);
        if (tried?.failure === undefined) {
          if (tried !== undefined) return tried.reply;
        } else last = tried;
      }
      return answeredBy(last ?? noTarget(model, []));
    },
  };
}

/** Returns the failure for a model without an available target. It is the call's error if no fallback model serves the call. */
function noTarget(model: Model, states: readonly { readonly availability: Availability }[]): FailedAttempt {
  const waits = states.map(({ availability }) => availability);
  const forMs = Math.min(...waits.map((one) => ('forMs' in one ? one.forMs : 1_000)));
  const cooling = waits.every(({ kind }) => kind === 'cooling');
  const failure = { kind: cooling ? 'rate_limited' : 'unavailable', retryAfterMs: forMs } as const;
  const name = model.name === '' ? 'this route' : model.name;
  const outcome = cooling
    ? new LlmError('rate_limit_exceeded', `All providers of ${name} are rate limited. Retry after ${seconds(forMs)} s.`, {
        retryAfterMs: forMs,
        failure,
      })
    : new LlmError('no_healthy_target', `No provider of ${name} is available. Retry after ${seconds(forMs)} s.`, {
        retryAfterMs: forMs,
        failure,
      });
  return { failure, outcome };
}

const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000));
