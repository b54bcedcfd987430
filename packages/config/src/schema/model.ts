import { z } from 'zod';
import { profile } from '../profile.ts';
import { budgetLimits, durationMs } from '../units.ts';
import { concurrency } from './concurrency.ts';
import { limits } from './limits.ts';
import { modelName, name } from './names.ts';
import { price } from './price.ts';
import { cacheTerms } from './storage.ts';

const target = z.strictObject({
  provider: name,
  /** The provider's own name of the model. */
  model: z.string().min(1).max(256),
  weight: z.number().positive().default(1),
  /** By default the price of the public table. */
  price: price.optional(),
  /** The most tokens of a prompt and its answer together. By default the value of the public table. */
  context: z.number().int().positive().optional(),
  /** The expected latency until measurements replace it. */
  latency: durationMs.optional(),
  /** The longest time until an answer begins. A whole answer must be complete in this time. */
  timeout: durationMs.default(120_000),
  /** The longest time until a stream's first content: 10 s by default if another target or model remains, else `timeout`. */
  firstToken: durationMs.optional(),
  /** The longest time between two events of a stream; by default the provider's. */
  idleTimeout: durationMs.optional(),
  /** The longest time for a complete answer. */
  whole: durationMs.default(600_000),
  /** What the model accepts, if it differs from its family. */
  profile: profile.optional(),
  ...concurrency,
});

export const model = z.strictObject({
  strategy: z.enum(['cost', 'speed', 'balanced', 'weighted', 'priority']).default('priority'),
  targets: z.array(target).min(1),
  /** Models that serve the call if all targets fail. */
  fallback: z.array(modelName).max(20).default([]),
  /**
   * Failures that move a call to another target or model. By default errors, rate limits, and prompts that are too long if
   * another model may have a larger context.
   */
  fallbackOn: z.array(z.enum(['error', 'rate_limit', 'context_length', 'content_refused'])).optional(),
  /** Calls a second target if the first is slower than 95 % of its calls, or slower than a duration. */
  hedge: z.union([z.literal('p95'), durationMs]).optional(),
  /** Limits of each tenant for this model. */
  limits: limits.default({}),
  budget: budgetLimits.optional(),
  cache: cacheTerms.optional(),
});
