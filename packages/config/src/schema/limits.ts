import { z } from 'zod';
import { BOUNDS, budgetLimits, windowLimits } from '../units.ts';
import { name } from './names.ts';

export const limits = z.strictObject({
  requests: windowLimits.optional(),
  /** Tokens of prompt and answer together. */
  tokens: windowLimits.optional(),
  concurrent: z.number().int().positive().max(BOUNDS.concurrent).optional(),
  /** The handling of calls with an unknown price: served by default. */
  unpriced: z.enum(['serve', 'refuse']).optional(),
});

/** Labels for administrators; the gateway does not interpret them. */
export const metadata = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((entries) => Object.keys(entries).length <= 32, 'expected at most 32 entries');

/** Fields of teams and tenants: limits of all their callers together. */
export const shared = { limits: limits.default({}), budget: budgetLimits.optional(), metadata: metadata.optional() };
export const team = z.strictObject({
  /** The tenant of the team. */
  tenant: name,
  ...shared,
});
