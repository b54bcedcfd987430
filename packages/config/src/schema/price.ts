import { z } from 'zod';

/** US dollars per million tokens. A step applies to prompts of at least `from` tokens. */
const rate = z.union([
  z.number().nonnegative(),
  z.strictObject({
    base: z.number().nonnegative(),
    steps: z.array(z.strictObject({ from: z.number().int().positive(), price: z.number().nonnegative() })).min(1),
  }),
]);

export const price = z.strictObject({
  input: rate,
  output: rate,
  /** Tokens read from, and written to, the provider's prompt cache. */
  cachedInput: rate.optional(),
  cacheWrite: rate.optional(),
  /** Tokens written to the prompt cache for one hour: twice the input price by default. */
  cacheWriteHour: rate.optional(),
  reasoning: rate.optional(),
  audioInput: rate.optional(),
  audioOutput: rate.optional(),
  /** US dollars per call. */
  request: z.number().nonnegative().optional(),
  /** US dollars per web search that the provider makes for an answer. */
  webSearch: z.number().nonnegative().optional(),
  /** Multiples of these prices per service tier: `{ flex: 0.5 }`. */
  serviceTiers: z.record(z.string().min(1).max(64), z.number().nonnegative()).optional(),
});
