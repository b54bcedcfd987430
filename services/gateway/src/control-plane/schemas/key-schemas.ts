import { keyTermsShape, longDurationMs, name } from '@sluice/config';
import { z } from 'zod';
import { limitsPatch, limitsShape, spendingShape } from './limits-schema.ts';
import { pageOf, pageQuery, removable, type Unchanged } from './resource-schemas.ts';

export const KEY_STATES = ['active', 'blocked', 'expired', 'revoked'] as const;

const expiresAt = z.iso.datetime({ offset: true }).optional();
const { limits: _limits, ...removableTerms } = keyTermsShape;
const timeMs = z.int().optional();

const key = z.looseObject({
  name: z.string(),
  tenant: z.string(),
  team: z.string().optional(),
  status: z.enum(KEY_STATES),
  models: z.array(z.string()).optional(),
  routes: z.array(z.string()).optional(),
  allowedIps: z.array(z.string()).optional(),
  ...limitsShape,
  ...spendingShape,
  users: z.looseObject(limitsShape).optional(),
  tags: z.record(z.string(), z.string()).optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  cache: z
    .looseObject({
      near: z.boolean().optional(),
      semantic: z.boolean().optional(),
      maxErrors: z.number().optional(),
      coalesce: z.boolean().optional(),
      ttl: z.int().describe('Milliseconds').optional(),
      maxEntry: z.int().describe('Bytes').optional(),
    })
    .optional(),
  configured: z.boolean().optional(),
  createdAtMs: timeMs,
  expiresAtMs: timeMs,
  blockedAtMs: timeMs,
  revokedAtMs: timeMs,
  rotatedAtMs: timeMs,
  secret: z.string().describe('Only in the response that creates it').optional(),
  /** Not an integer if the grace period has fractions of a millisecond. */
  oldUntilMs: z.number().optional(),
});

/** A key as the admin API returns it. */
export type KeyResponse = Unchanged<z.output<typeof key>>;

export const keySchemas = {
  title: 'key',
  plural: 'keys',
  query: z.strictObject({
    ...pageQuery,
    tenant: name.optional(),
    team: name.optional(),
    status: z.enum(KEY_STATES).optional(),
  }),
  /** Limits and budgets have the same format as in the configuration: `60/min`, `50 USD/month`. */
  create: z.strictObject({
    name,
    /** The key's tenant. A single-tenant administrator can omit it. */
    tenant: name.optional(),
    /** The key's team. The team's tenant becomes the key's tenant. */
    team: name.optional(),
    expiresAt,
    ...keyTermsShape,
  }),
  patch: z.strictObject({
    limits: limitsPatch.optional(),
    ...removable({ team: name.optional(), expiresAt, ...removableTerms }),
  }),
  /** Body of a rotation: how long the old secret remains valid. */
  rotation: z.strictObject({
    grace: z
      .union([z.literal('none').transform(() => 0), longDurationMs], 'expected a duration such as 24h, or none')
      .default(86_400_000),
  }),
  record: key,
  page: pageOf('keys', key),
};
