import { randomBytes } from 'node:crypto';
import { budgetLimit, type GatewayConfig, limits } from '@sluice/config';
import type { Clock } from '@sluice/core';
import type { KeyRecord, Keys, Meters } from '@sluice/store/ports';
import express, { type Router } from 'express';
import { z } from 'zod';
import { hashSecret } from '../key-cache.ts';
import { AdminError } from './admin-error.ts';
import { budgetNow } from './budget-now.ts';

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);

/** What makes a key. `limits` are written as in the configuration: `60/min`. */
export const newKey = z.strictObject({
  name,
  tenant: name.optional(),
  /** One of the configuration's; the key's tenant is the team's. */
  team: name.optional(),
  models: z.array(z.string().min(1).max(256)).max(1_000).optional(),
  limits: limits.default({}),
  /** As in the configuration: `50 USD/month`. */
  budget: budgetLimit.optional(),
  /** ISO 8601. */
  expiresAt: z.iso.datetime({ offset: true }).optional(),
});

const shown = ({ hash: _hash, ...record }: KeyRecord) => record;

export interface KeyRoutesOptions {
  readonly keys: Keys;
  readonly meters: Pick<Meters, 'budget'>;
  /** The configuration's, as they are now. */
  readonly groups: () => Pick<GatewayConfig, 'teams' | 'tenants'>;
  readonly clock: Clock;
}

/** Keys: made, listed and revoked. A secret is shown once, to who made it. */
export function keyRoutes({ keys, meters, groups, clock }: KeyRoutesOptions): Router {
  const router = express.Router();
  router.use(express.json({ limit: '64kb' }));

  router.get('/', async (_request, response) => {
    response.json({ keys: (await keys.list()).map(shown) });
  });

  router.post('/', async (request, response) => {
    const parsed = newKey.safeParse(request.body);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const field = issue?.path.join('.') ?? '';
      throw new AdminError(400, 'invalid_request', `${field === '' ? 'body' : field}: ${issue?.message}`);
    }
    const { expiresAt, models, team, ...given } = parsed.data;
    const known = team === undefined ? undefined : groups().teams[team];
    if (team !== undefined && known === undefined)
      throw new AdminError(400, 'invalid_request', `team: there is no team '${team}'`);
    if (known !== undefined && given.tenant !== undefined && given.tenant !== known.tenant) {
      throw new AdminError(400, 'invalid_request', `tenant: expected '${known.tenant}', the tenant of the team '${team}'`);
    }
    const tenant = known?.tenant ?? given.tenant;
    const secret = `sk-sluice-${randomBytes(24).toString('base64url')}`;
    const record: KeyRecord = {
      name: given.name,
      limits: given.budget === undefined ? given.limits : { ...given.limits, budget: given.budget },
      hash: hashSecret(secret),
      tenant: tenant ?? given.name,
      ...(team === undefined ? {} : { team }),
      createdAtMs: clock.now(),
      ...(models === undefined ? {} : { models }),
      ...(expiresAt === undefined ? {} : { expiresAtMs: Date.parse(expiresAt) }),
    };
    if (!(await keys.put(record))) throw new AdminError(409, 'conflict', `There is a key named '${given.name}' already.`);
    response.status(201).json({ ...shown(record), secret });
  });

  router.get('/:name', async (request, response) => {
    const record = (await keys.list()).find(({ name }) => name === request.params['name']);
    if (record === undefined) throw new AdminError(404, 'not_found', 'There is no key of that name.');
    const { tenant, name, limits } = record;
    response.json({ ...shown(record), ...(await budgetNow({ tenant, subject: name, limits }, meters, clock.now())) });
  });

  router.delete('/:name', async (request, response) => {
    const found = await keys.revoke(String(request.params['name']), clock.now());
    if (!found) throw new AdminError(404, 'not_found', 'There is no key of that name.');
    response.status(204).end();
  });
  return router;
}
