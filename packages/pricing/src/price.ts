import {
  type Money,
  NANOS_PER_USD,
  TOKEN_KINDS,
  TOKEN_PARTS,
  TOKEN_TOTALS,
  type TokenKind,
  type TokenPart,
  type TokenTotal,
  totalOf,
  type Usage,
} from '@sluice/core';

/** A price that depends on the length of the prompt. The last step at or below its tokens applies to the whole call. */
export interface Steps {
  readonly base: number;
  readonly steps: readonly { readonly from: number; readonly price: number }[];
}

export type Rate = number | Steps;

/** Prices of the totals. They apply to tokens that are in no part with a price of its own. */
type TotalPrices = { readonly [Field in TokenTotal['price']]: Rate };
type PartPrices = { readonly [Field in TokenPart['price']]?: Rate | undefined };

/**
 * The price of a model's tokens, in US dollars per million tokens, as providers publish it. The kinds of tokens are in
 * `TOKEN_KINDS`; a kind without its own price has the price of its total.
 */
export interface Price extends TotalPrices, PartPrices {
  /** US dollars per call. */
  readonly request?: number | undefined;
  /** US dollars per search by the provider. */
  readonly webSearch?: number | undefined;
  /** Multipliers of service tiers: `{ flex: 0.5 }`. */
  readonly serviceTiers?: Readonly<Record<string, number>> | undefined;
}

/** Parts of a usage without a price: they are missing from the cost. */
export type UnpricedPart = 'web_search' | NonNullable<TokenKind['unpriced']> | 'service_tier';

/** One US dollar per million tokens is a thousand nano-dollars per token. */
const NANOS_PER_TOKEN = NANOS_PER_USD / 1_000_000;

function at(rate: Rate, promptTokens: number): number {
  if (typeof rate === 'number') return rate;
  let { base } = rate;
  for (const { from, price } of rate.steps) if (promptTokens >= from) base = price;
  return base;
}

/** Parts, each with its own parts and with its total. */
const PARTS = TOKEN_PARTS.map((kind) => ({
  ...kind,
  parts: TOKEN_PARTS.filter(({ partOf }) => partOf === kind.field).map(({ field }) => field),
  total: totalOf(kind),
}));

/**
 * Returns the cost of a call: each kind of token at its own price, in one sum that is rounded once to the nearest nano-dollar.
 * Undefined, never zero, if the price or the usage is unknown.
 */
export function costOf(price: Price | undefined, usage: Usage | undefined): Money | undefined {
  if (price === undefined || usage === undefined) return undefined;
  const { inputTokens, outputTokens, webSearches = 0 } = usage;
  // tokens without a part; if the parts of a usage exceed its total, the parts are charged
  const rest = { inputTokens, outputTokens };
  let perMillion = 0;
  for (const { field, partOf, parts, price: own, total, multiple } of PARTS) {
    const count = usage[field];
    if (count === undefined) continue;
    if (partOf === total.field) rest[total.field] -= count;
    const rate = price[own];
    perMillion +=
      without(usage, count, parts) *
      (rate === undefined ? multiple * at(price[total.price], inputTokens) : at(rate, inputTokens));
  }
  for (const { field, price: own } of TOKEN_TOTALS) perMillion += Math.max(0, rest[field]) * at(price[own], inputTokens);
  const tokens = perMillion * NANOS_PER_TOKEN * tierOf(price, usage);
  const calls = (price.request ?? 0) + (price.webSearch ?? 0) * webSearches;
  // larger numbers of nano-dollars are not exact
  return Math.min(Number.MAX_SAFE_INTEGER, Math.round(tokens + calls * NANOS_PER_USD));
}

/** Returns the tokens of a part that are in none of its own parts. */
function without(usage: Usage, count: number, parts: readonly TokenPart['field'][]): number {
  let rest = count;
  for (const part of parts) rest -= usage[part] ?? 0;
  return Math.max(0, rest);
}

const tierOf = ({ serviceTiers }: Price, { serviceTier }: Usage): number =>
  serviceTier === undefined ? 1 : (serviceTiers?.[serviceTier] ?? 1);

/** Lists the parts of a usage without a price. */
export function unpricedParts(price: Price | undefined, usage: Usage | undefined): readonly UnpricedPart[] {
  if (price === undefined || usage === undefined) return NOTHING;
  const { webSearches = 0, serviceTier } = usage;
  let found: readonly UnpricedPart[] = NOTHING;
  if (webSearches > 0 && price.webSearch === undefined) found = ['web_search'];
  for (const { field, price: own, unpriced } of TOKEN_KINDS) {
    if (unpriced === null || price[own] !== undefined || (usage[field] ?? 0) <= 0) continue;
    if (!found.includes(unpriced)) found = [...found, unpriced];
  }
  if (serviceTier !== undefined && price.serviceTiers?.[serviceTier] === undefined) found = [...found, 'service_tier'];
  return found;
}

const NOTHING: readonly UnpricedPart[] = [];
