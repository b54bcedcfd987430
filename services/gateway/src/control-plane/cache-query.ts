import { name } from '@sluice/config';
import { z } from 'zod';

const filter = {
  /** Tenant of the entries. Without it, entries of all tenants are selected if the configuration lets tenants share them. */
  tenant: name.optional(),
  namespace: z
    .string()
    .regex(/^[A-Za-z0-9._-]{0,64}$/)
    .optional(),
  /** Model name as clients send it. */
  model: z.string().min(1).max(256).optional(),
  /** A tag that calls gave their entries (`x-sluice-cache-tags`). */
  tag: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/)
    .optional(),
};

/** Query parameters of a listing. */
export const cacheQuery = z.strictObject({ ...filter, limit: z.coerce.number().int().min(1).max(1_000).default(100) });

/** Query parameters of a deletion. Deleting everything requires `all=true`. */
export const cacheClearing = z.strictObject({ ...filter, all: z.literal('true').optional() });

export const cacheEntryQuery = z.strictObject({ tenant: filter.tenant });

/** Query parameters of the counts of answers that are served by meaning. */
export const semanticQuery = z.strictObject({ tenant: filter.tenant, namespace: filter.namespace, model: filter.model });
