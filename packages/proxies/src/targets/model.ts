import { LlmError, type LlmService, type RealtimeApi, type Strategy } from '@sluice/core';
import type { Price } from '@sluice/pricing';
import type { ConcurrencyLimit } from './concurrency-limit.ts';

/** One provider, model and credentials that can serve a public model name. */
export interface Target {
  /** `provider/model`, or `provider/*` for what clients may ask for by any name: made of the configuration alone, so that it may be a label. */
  readonly name: string;
  readonly provider: string;
  /** The provider's own name of the model. */
  readonly model: string;
  readonly weight: number;
  /** How long a prompt and its answer may be together, in tokens; undefined where that is not known. */
  readonly contextTokens?: number | undefined;
  /** Whose tokenizer counts its prompts, where it is at hand. */
  readonly tokenizer?: 'openai';
  /** What it takes now; it may change while the gateway runs. Undefined where nobody knows. */
  readonly price?: Price | undefined;
  /** How long an answer takes as far as the configuration knows, until measurements say better. */
  readonly expectedLatencyMs?: number;
  /** Its limits of calls at one time: its provider's, and its own. */
  readonly limits?: readonly ConcurrencyLimit[];
  /** Whose realtime sessions it has; undefined where it has none. */
  readonly realtime?: RealtimeApi | undefined;
  readonly service: LlmService;
}

/** What a call may go on from, to another target or model. */
export type FallbackReason = 'error' | 'rate_limit' | 'context_length' | 'content_refused';

/** What clients ask for by one name. */
export interface Model {
  readonly name: string;
  readonly strategy: Strategy;
  /** In order of priority. At least one. */
  readonly targets: readonly Target[];
  /** Other models that answer in its place where none of its targets does, one after the other. Theirs do not count. */
  readonly fallback?: readonly Model[];
  /** `error`, `rate_limit` and `context_length` if not given. */
  readonly fallbackOn?: readonly FallbackReason[];
  /** Ask a second target where the first has not begun to answer after so long: as long as it nearly always takes, or so many milliseconds. */
  readonly hedgeAfter?: 'p95' | number;
}

/** All targets that may come to answer a call of a model. */
export const targetsOf = ({ targets, fallback = [] }: Model): readonly Target[] =>
  fallback.length === 0 ? targets : [...targets, ...fallback.flatMap((model) => model.targets)];

/** A target by what is called in the end: names that share a label are told apart, and those that share a target are not. */
export const circuitOf = ({ provider, model }: Pick<Target, 'provider' | 'model'>): string => `${provider}/${model}`;

const SESSIONS: Readonly<Record<RealtimeApi, string>> = {
  openai: "OpenAI's Realtime API",
  gemini: "Gemini's Live API",
};

/** Returns the targets of a model that have sessions of an API. Sessions are not translated. @throws LlmError `invalid_request` if there are none */
export function withSessions(model: Model, api: RealtimeApi): Model {
  const able = (targets: readonly Target[]): Target[] => targets.filter(({ realtime }) => realtime === api);
  const fallback = (model.fallback ?? []).flatMap((one) => {
    const targets = able(one.targets);
    return targets.length === 0 ? [] : [{ ...one, targets, fallback: [] }];
  });
  const targets = able(model.targets);
  const [first, ...others] = targets.length > 0 ? [{ ...model, targets, fallback }] : fallback;
  if (first === undefined) {
    throw new LlmError('invalid_request', `The model '${model.name}' has no provider with ${SESSIONS[api]}.`, { param: 'model' });
  }
  return targets.length > 0 ? first : { ...first, fallback: others };
}
