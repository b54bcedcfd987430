import { name, shared } from '@sluice/config';
import { z } from 'zod';
import { limitsPatch, limitsShape, spendingShape } from './limits-schema.ts';
import { pageOf, pageQuery, removable, type Unchanged } from './resource-schemas.ts';

export const GROUP_STATES = ['active', 'blocked'] as const;

const group = z.looseObject({
  name: z.string(),
  /** Only of a team. */
  tenant: z.string().optional(),
  status: z.enum(GROUP_STATES),
  ...limitsShape,
  ...spendingShape,
  metadata: z.record(z.string(), z.string()).optional(),
  configured: z.boolean().optional(),
  blockedAtMs: z.int().optional(),
});

/** A team or tenant as the admin API returns it. */
export type GroupResponse = Unchanged<z.output<typeof group>>;

const common = {
  query: z.strictObject({ ...pageQuery, tenant: name.optional() }),
  patch: z.strictObject({
    limits: limitsPatch.optional(),
    ...removable({ budget: shared.budget, metadata: shared.metadata }),
  }),
  record: group,
};

export const teamSchemas = {
  ...common,
  title: 'team',
  plural: 'teams',
  create: z.strictObject({
    name,
    /** The team's tenant. A single-tenant administrator can omit it. */
    tenant: name.optional(),
    ...shared,
  }),
  page: pageOf('teams', group),
};

export const tenantSchemas = {
  ...common,
  title: 'tenant',
  plural: 'tenants',
  create: z.strictObject({ name, ...shared }),
  page: pageOf('tenants', group),
};
