import { type Money, NANOS_PER_USD, type Usage } from '@sluice/core';

/** What a target's tokens cost, in US dollars per million tokens, as providers print it. */
export interface Price {
  readonly input: number;
  readonly output: number;
}

const TOKENS_PER_PRICE = 1_000_000;

/** What a call cost, rounded to the nearest nano-dollar. Undefined, and never zero, where the price or the usage is not known. */
export function costOf(price: Price | undefined, usage: Usage | undefined): Money | undefined {
  if (price === undefined || usage === undefined) return undefined;
  const perMillion = usage.inputTokens * price.input + usage.outputTokens * price.output;
  return Math.round((perMillion * NANOS_PER_USD) / TOKENS_PER_PRICE);
}

/** One figure by which targets are put in order: input and output weigh the same. A target without a price comes last. */
export function relativePrice(price: Price | undefined): number {
  return price === undefined ? Number.POSITIVE_INFINITY : price.input + price.output;
}
