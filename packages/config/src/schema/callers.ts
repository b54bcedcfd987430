import { z } from 'zod';
import { network } from '../network.ts';
import { budgetLimits } from '../units.ts';
import { limits, metadata } from './limits.ts';
import { name } from './names.ts';
import { cacheTerms } from './storage.ts';

/** A model name or a pattern: `*` matches any characters. */
const modelPattern = z
  .string()
  .regex(/^[A-Za-z0-9*][A-Za-z0-9._:/@*-]{0,127}$/, 'expected 1 to 128 letters, digits or "._:/@-", with "*" for any');

const routePattern = z
  .string()
  .regex(/^\/[A-Za-z0-9._:/{}*-]{0,127}$/, 'expected a path such as /v1/chat/completions or /v1/*, with "*" for any');

const tagText = z
  .string()
  .regex(/^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{1,128}$/, 'expected 1 to 128 visible characters without "," and "="');

/** What a key may do. The admin API accepts the same fields. */
export const keyTermsShape = {
  models: z.array(modelPattern).max(1_000).optional(),
  routes: z.array(routePattern).max(100).optional(),
  allowedIps: z.array(network).min(1).max(100).optional(),
  limits: limits.default({}),
  budget: budgetLimits.optional(),
  /** Limits of each end user, by the tag `user`. */
  users: z.strictObject({ limits: limits.default({}), budget: budgetLimits.optional() }).optional(),
  /** Tags of each of its calls. They override the tags of the call. */
  tags: z
    .record(tagText, tagText)
    .refine((tags) => Object.keys(tags).length <= 16, 'expected at most 16 tags')
    .optional(),
  metadata: metadata.optional(),
  cache: cacheTerms.optional(),
};

const secret = z.string().regex(/^[\x21-\x7e]{6,512}$/, 'expected 6 to 512 visible ASCII characters');

export const key = z.strictObject({
  name,
  secret,
  /** The tenant of its data; a key without one is its own tenant. */
  tenant: name.optional(),
  /** The team of the key. The tenant is the team's. */
  team: name.optional(),
  /** ISO 8601 with an offset. */
  expiresAt: z.iso.datetime({ offset: true }).optional(),
  ...keyTermsShape,
});

/** An administrator and its rights. */
export const admin = z.strictObject({
  name,
  secret: secret.min(16, 'expected 16 to 512 visible ASCII characters'),
  role: z.enum(['owner', 'operator', 'team', 'viewer']),
  /** The only tenant that the administrator may access; all tenants by default. */
  tenant: name.optional(),
  /** The only team that the administrator may access. */
  team: name.optional(),
});

/** JSON Web Tokens of an identity provider, accepted instead of keys. */
export const jwtIssuer = z.strictObject({
  /** Prefix of the subject in the caller's name. */
  name,
  /** The exact value of the claim `iss`. */
  issuer: z.string().min(1),
  /** The claim `aud` must contain at least one of these. */
  audience: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  /** The address of the issuer's public keys. */
  jwks: z.url({ protocol: /^https?$/ }),
  /** The claim that identifies the caller. */
  subjectClaim: z.string().min(1).default('sub'),
  /** The claim with the team: a string or a list. `teams` maps its values to teams. */
  teamClaim: z.string().min(1).optional(),
  teams: z.record(z.string().min(1), name).optional(),
  /** The tenant of callers without a team. */
  tenant: name.optional(),
  /** What each subject of the issuer may do. */
  ...keyTermsShape,
});
