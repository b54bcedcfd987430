import { limits as limitsSchema } from '@sluice/config';
import { z } from 'zod';
import { removable } from './resource-schemas.ts';

/** One text as a client wrote it (`60/min`, `50 USD/month`), or a list of several. */
const written = z.union([z.string(), z.array(z.string())]);

/** Limits of a request that changes a record: `null` removes a limit. */
export const limitsPatch = z.strictObject(removable(limitsSchema.shape));

const spending = z.looseObject({
  period: z.string(),
  soft: z.boolean().optional(),
  limitUsd: z.number(),
  spentUsd: z.number(),
  reservedUsd: z.number(),
  leasedUsd: z.number(),
});

/** Limits and budget in a response. The bounds of requests do not apply, because older records can exceed them. */
export const limitsShape = {
  limits: z.looseObject({
    requests: written.optional(),
    tokens: written.optional(),
    concurrent: z.int().optional(),
    unpriced: z.enum(['serve', 'refuse']).optional(),
  }),
  budget: written.optional(),
};

/** Amounts of the current budget period; a list for several budgets. */
export const spendingShape = { spending: z.union([spending, z.array(spending)]).optional() };

export type Spending = z.output<typeof spending>;
export type LimitsResponse = z.output<typeof limitsShape.limits>;
