import { type Money, NANOS_PER_USD, type Usage } from '@sluice/core';

/** A price that depends on the length of the prompt. The last step at or below its tokens applies to the whole call. */
export interface Steps {
  readonly base: number;
  readonly steps: readonly { readonly from: number; readonly price: number }[];
}

export type Rate = number | Steps;

/**
 * The price of a model's tokens, in US dollars per million tokens, as providers publish it. A kind without its own price has
 * the price of the kind that contains it.
 */
export interface Price {
  readonly input: Rate;
  readonly output: Rate;
  /** Input that the provider read from its own prompt cache. */
  readonly cachedInput?: Rate | undefined;
  /** Input that the provider wrote into its prompt cache. */
  readonly cacheWrite?: Rate | undefined;
  /**
   * The part of the cache writes that the provider keeps for an hour. Twice the input's price if not given (Anthropic,
   * "Prompt caching").
   */
  readonly cacheWriteHour?: Rate | undefined;
  /** Reasoning output. */
  readonly reasoning?: Rate | undefined;
  readonly audioInput?: Rate | undefined;
  readonly audioOutput?: Rate | undefined;
  /** US dollars per call. */
  readonly request?: number | undefined;
  /** US dollars per search by the provider. */
  readonly webSearch?: number | undefined;
  /** Multipliers of service tiers: `{ flex: 0.5 }`. */
  readonly serviceTiers?: Readonly<Record<string, number>> | undefined;
}

/** Parts of a usage without a price: they are missing from the cost. */
export type UnpricedPart = 'web_search' | 'audio' | 'service_tier';

/** Twice the input's price (Anthropic, "Prompt caching"). */
const HOUR_OF_INPUT = 2;

/** One US dollar per million tokens is a thousand nano-dollars per token. */
const NANOS_PER_TOKEN = NANOS_PER_USD / 1_000_000;

function at(rate: Rate, promptTokens: number): number {
  if (typeof rate === 'number') return rate;
  let { base } = rate;
  for (const { from, price } of rate.steps) if (promptTokens >= from) base = price;
  return base;
}

/**
 * Returns the cost of a call: each kind of token at its own price, in one sum that is rounded once to the nearest nano-dollar.
 * Undefined, never zero, if the price or the usage is unknown.
 */
export function costOf(price: Price | undefined, usage: Usage | undefined): Money | undefined {
  if (price === undefined || usage === undefined) return undefined;
  const { inputTokens, outputTokens, cachedInputTokens = 0, cacheWriteTokens = 0, cacheWriteHourTokens = 0 } = usage;
  const { reasoningTokens = 0, audioInputTokens = 0, audioOutputTokens = 0 } = usage;
  const rate = (one: Rate | undefined, otherwise: Rate): number => at(one ?? otherwise, inputTokens);
  // if the parts of a usage exceed its total, the parts are charged
  const plainInput = Math.max(0, inputTokens - cachedInputTokens - cacheWriteTokens - audioInputTokens);
  const plainOutput = Math.max(0, outputTokens - reasoningTokens - audioOutputTokens);
  const perMillion =
    plainInput * rate(price.input, 0) +
    cachedInputTokens * rate(price.cachedInput, price.input) +
    (cacheWriteTokens - cacheWriteHourTokens) * rate(price.cacheWrite, price.input) +
    cacheWriteHourTokens * hourRate(price, inputTokens) +
    audioInputTokens * rate(price.audioInput, price.input) +
    plainOutput * rate(price.output, 0) +
    reasoningTokens * rate(price.reasoning, price.output) +
    audioOutputTokens * rate(price.audioOutput, price.output);
  const tokens = perMillion * NANOS_PER_TOKEN * tierOf(price, usage);
  const calls = (price.request ?? 0) + (price.webSearch ?? 0) * (usage.webSearches ?? 0);
  // larger numbers of nano-dollars are not exact
  return Math.min(Number.MAX_SAFE_INTEGER, Math.round(tokens + calls * NANOS_PER_USD));
}

const hourRate = ({ cacheWriteHour, input }: Price, promptTokens: number): number =>
  cacheWriteHour === undefined ? HOUR_OF_INPUT * at(input, promptTokens) : at(cacheWriteHour, promptTokens);

const tierOf = ({ serviceTiers }: Price, { serviceTier }: Usage): number =>
  serviceTier === undefined ? 1 : (serviceTiers?.[serviceTier] ?? 1);

/** Lists the parts of a usage without a price. */
export function unpricedParts(price: Price | undefined, usage: Usage | undefined): readonly UnpricedPart[] {
  if (price === undefined || usage === undefined) return NOTHING;
  const { webSearches = 0, audioInputTokens = 0, audioOutputTokens = 0, serviceTier } = usage;
  const searches = webSearches > 0 && price.webSearch === undefined;
  const audio =
    (audioInputTokens > 0 && price.audioInput === undefined) || (audioOutputTokens > 0 && price.audioOutput === undefined);
  const tier = serviceTier !== undefined && price.serviceTiers?.[serviceTier] === undefined;
  if (!searches && !audio && !tier) return NOTHING;
  return [
    ...(searches ? (['web_search'] as const) : []),
    ...(audio ? (['audio'] as const) : []),
    ...(tier ? (['service_tier'] as const) : []),
  ];
}

const NOTHING: readonly UnpricedPart[] = [];
