import { errorTexts, LlmError, type LlmService, type RealtimeApi, type Strategy } from '@sluice/core';
import type { Price } from '@sluice/pricing';
import type { ConcurrencyLimit } from './concurrency-limit.ts';

/** One provider, model and credentials that can serve a public model name. */
export interface Target {
  /**
   * `provider/model`, or `provider/*` for a wildcard model. It consists only of configured names, so it is safe as a metric
   * label.
   */
  readonly name: string;
  readonly provider: string;
  /** The provider's own name of the model. */
  readonly model: string;
  readonly weight: number;
  /** Maximum tokens of prompt and response together. Undefined if unknown. */
  readonly contextTokens?: number | undefined;
  /** Tokenizer for its prompts, if available. */
  readonly tokenizer?: 'openai';
  /** Current price. It may change while the gateway runs. Undefined if unknown. */
  readonly price?: Price | undefined;
  /** Configured latency of a response, until measurements are available. */
  readonly expectedLatencyMs?: number;
  /** Its concurrency limits: the provider's and its own. */
  readonly limits?: readonly ConcurrencyLimit[];
  /** The realtime protocol that it supports. Undefined if it has no realtime sessions. */
  readonly realtime?: RealtimeApi | undefined;
  readonly service: LlmService;
}

/** A reason for trying another target or model. */
export type FallbackReason = 'error' | 'rate_limit' | 'context_length' | 'content_refused';

/** A public model name and its targets. */
export interface Model {
  readonly name: string;
  readonly strategy: Strategy;
  /** In order of priority. At least one. */
  readonly targets: readonly Target[];
  /** Fallback models, in order. They serve the call if none of its own targets can. Fallbacks of fallbacks are ignored. */
  readonly fallback?: readonly Model[];
  /** `error`, `rate_limit` and `context_length` if not given. */
  readonly fallbackOn?: readonly FallbackReason[];
  /**
   * Delay of the hedge: a second target is called if the first has not begun its response. `p95` of the measured latency, or
   * milliseconds.
   */
  readonly hedgeAfter?: 'p95' | number;
}

/** Returns all targets that may serve a call of a model. */
export const targetsOf = ({ targets, fallback = [] }: Model): readonly Target[] =>
  fallback.length === 0 ? targets : [...targets, ...fallback.flatMap((model) => model.targets)];

/** Returns the circuit-breaker key: the real provider and model, also for targets with the `name` `provider/*`. */
export const circuitKey = ({ provider, model }: Pick<Target, 'provider' | 'model'>): string => `${provider}/${model}`;

const SESSIONS: Readonly<Record<RealtimeApi, string>> = {
  openai: "OpenAI's Realtime API",
  gemini: "Gemini's Live API",
};

/**
 * Returns the targets of a model that have sessions of an API. Sessions are not translated. @throws LlmError `invalid_request`
 * if there are none
 */
export function withSessions(model: Model, api: RealtimeApi): Model {
  const able = (targets: readonly Target[]): Target[] => targets.filter(({ realtime }) => realtime === api);
  const fallback = (model.fallback ?? []).flatMap((one) => {
    const targets = able(one.targets);
    return targets.length === 0 ? [] : [{ ...one, targets, fallback: [] }];
  });
  const targets = able(model.targets);
  const [first, ...others] = targets.length > 0 ? [{ ...model, targets, fallback }] : fallback;
  if (first === undefined) {
    throw new LlmError('invalid_request', errorTexts.noSessions(model.name, SESSIONS[api]), { param: 'model' });
  }
  return targets.length > 0 ? first : { ...first, fallback: others };
}
