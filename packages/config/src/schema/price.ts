import { TOKEN_PARTS, type TokenPart } from '@sluice/core';
import { z } from 'zod';

/** US dollars per million tokens. A step applies to prompts of at least `from` tokens. */
const rate = z.union([
  z.number().nonnegative(),
  z.strictObject({
    base: z.number().nonnegative(),
    steps: z.array(z.strictObject({ from: z.number().int().positive(), price: z.number().nonnegative() })).min(1),
  }),
]);

const optionalRate = rate.optional();
/** Prices of the kinds of tokens that the totals include (docs/accounting.md). */
const partPrices = Object.fromEntries(TOKEN_PARTS.map(({ price }) => [price, optionalRate])) as Record<
  TokenPart['price'],
  typeof optionalRate
>;

export const price = z.strictObject({
  input: rate,
  output: rate,
  ...partPrices,
  /** US dollars per call. */
  request: z.number().nonnegative().optional(),
  /** US dollars per web search that the provider makes for an answer. */
  webSearch: z.number().nonnegative().optional(),
  /** Multiples of these prices per service tier: `{ flex: 0.5 }`. */
  serviceTiers: z.record(z.string().min(1).max(64), z.number().nonnegative()).optional(),
});
