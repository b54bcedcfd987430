import {
  asLlmError,
  type Clock,
  isStreamed,
  type LlmCall,
  LlmError,
  type LlmService,
  type Random,
  type Strategy,
  type StreamOutcome,
  systemClock,
  systemRandom,
  type UnreadRequest,
  type Usage,
} from '@sluice/core';
import { costOf, relativePrice } from '@sluice/pricing';
import type { Metrics } from '@sluice/telemetry';
import { counterOf, promptTokens } from './call-estimate.ts';
import { usageOfStream } from './left-stream.ts';
import type { Model, Target } from './model.ts';

/** What is known of targets over all replicas, as far as this one has heard, with what it has done itself since. */
export interface TargetUsage {
  /** Calls that were given to the target lately. */
  calls(target: string): number;
  /** The mean time to an answer lately, in milliseconds; undefined where there was none. */
  latencyMs(target: string): number | undefined;
  onPick(target: Target): void;
  onDone(target: Target, latencyMs: number, call: LlmCall, ok: boolean): void;
}

export interface LoadBalancingOptions {
  readonly models: {
    get(name: string): Model | undefined;
    /** Who answers a request that names no model. */
    other?(request: UnreadRequest): Model | undefined;
  };
  readonly usage: TargetUsage;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly metrics?: Pick<Metrics, 'attempts'>;
}

/** The first of those that score lowest. */
function lowest(targets: readonly Target[], score: (target: Target) => number): Target {
  let best = targets[0] as Target;
  let bestScore = score(best);
  for (const target of targets) {
    const value = score(target);
    if (value < bestScore) {
      best = target;
      bestScore = value;
    }
  }
  return best;
}

function byWeight(targets: readonly Target[], random: Random): Target {
  const total = targets.reduce((sum, target) => sum + target.weight, 0);
  let left = random.next() * total;
  for (const target of targets) {
    left -= target.weight;
    if (left < 0) return target;
  }
  return targets[targets.length - 1] as Target;
}

/**
 * - `cost`: the lowest price
 * - `speed`: the lowest time to an answer, measured where it was and as configured until then
 * - `balanced`: the least used lately over all replicas, for its weight
 * - `weighted`: by chance, in proportion to the weights
 * - `priority`: the first
 */
export function pick(strategy: Strategy, targets: readonly Target[], usage: TargetUsage, random: Random): Target {
  if (targets.length === 1) return targets[0] as Target;
  switch (strategy) {
    case 'cost':
      return lowest(targets, (target) => relativePrice(target.price));
    case 'speed':
      return lowest(targets, (target) => usage.latencyMs(target.name) ?? target.expectedLatencyMs ?? Number.MAX_VALUE);
    case 'balanced':
      return lowest(targets, (target) => usage.calls(target.name) / target.weight);
    case 'weighted':
      return byWeight(targets, random);
    case 'priority':
      return targets[0] as Target;
  }
}

/** How an attempt ended. One that was refused before it was made, or left by the client, says nothing about the provider. */
type Outcome = 'ok' | 'error' | 'refused' | 'cancelled';

function outcomeOf(error: unknown): Outcome {
  const { code, status } = asLlmError(error);
  if (code === 'client_closed') return 'cancelled';
  return status < 500 ? 'refused' : 'error';
}

/** @throws LlmError `model_not_found`, `not_found` */
function modelFor(call: LlmCall, models: LoadBalancingOptions['models']): Model {
  const name = call.message.view().model;
  const { unread } = call.message;
  if (unread !== undefined && name === '') {
    const model = models.other?.(unread);
    if (model !== undefined) return model;
    throw new LlmError('not_found', `No provider is configured that answers ${call.route}.`);
  }
  const model = models.get(name);
  if (model === undefined) throw new LlmError('model_not_found', `There is no model '${name}' here.`, { param: 'model' });
  return model;
}

/**
 * Answers by one of the targets of the model that was asked for.
 *
 * @throws LlmError `model_not_found`, and what the target throws
 */
export function loadBalancing(options: LoadBalancingOptions): LlmService {
  const { models, usage, metrics } = options;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom;
  return {
    async complete(call) {
      const model = modelFor(call, models);
      const target = pick(call.preferences.optimizeFor ?? model.strategy, model.targets, usage, random);
      const { facts } = call;
      facts.provider = target.provider;
      facts.providerModel = target.model;
      facts.target = target.name;
      facts.attempts++;
      usage.onPick(target);
      const startedMs = clock.monotonic();
      const counter = counterOf(target);
      // until there is an answer, of its prompt
      let prompt: Usage | undefined;
      facts.soFar = () => {
        prompt ??= { inputTokens: promptTokens(call, counter), outputTokens: 0 };
        return { usage: prompt, cost: costOf(target.price, prompt) };
      };
      const done = (outcome: Outcome, answeredMs: number): void => {
        facts.upstreamMs += clock.monotonic() - startedMs;
        facts.cost = costOf(target.price, facts.usage);
        if (outcome === 'ok' || outcome === 'error') usage.onDone(target, answeredMs - startedMs, call, outcome === 'ok');
        metrics?.attempts.inc({ provider: target.provider, outcome });
      };
      try {
        const reply = await target.service.complete(call);
        const answeredMs = clock.monotonic();
        if (isStreamed(reply)) {
          facts.soFar = () => {
            const outcome: StreamOutcome = { end: 'cancelled', ...reply.stream.progress() };
            const usage = usageOfStream(call, outcome, counter).usage ?? { inputTokens: 0, outputTokens: 0 };
            return { usage, cost: costOf(target.price, usage) };
          };
          void reply.stream.outcome.then((outcome) => {
            const { usage, estimated } = usageOfStream(call, outcome, counter);
            facts.usage = usage;
            facts.estimated = estimated;
            done(outcome.end === 'failed' ? 'error' : 'ok', answeredMs);
          });
        } else {
          facts.usage = reply.usage;
          done(reply.status < 500 ? 'ok' : 'error', answeredMs);
        }
        return reply;
      } catch (error) {
        done(outcomeOf(error), clock.monotonic());
        throw error;
      }
    },
  };
}
