import { randomInt } from 'node:crypto';
import { budgetLimit, durationMs, type GatewayConfig, limits } from '@sluice/config';
import type { Clock } from '@sluice/core';
import type { KeyRecord, Keys, Meters } from '@sluice/store/ports';
import express, { type Router } from 'express';
import { z } from 'zod';
import { hashSecret } from '../key-cache.ts';
import { AdminError } from './admin-error.ts';
import { budgetNow } from './budget-now.ts';
import { checked } from './checked.ts';

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

/** What may be said of a rotation: how long the old secret goes on. */
export const rotation = z.strictObject({
  grace: z
    .union([z.literal('none').transform(() => 0), durationMs], 'expected a duration such as 24h, or none')
    .default(86_400_000),
});

const shown = ({ hash: _hash, previousHash: _previous, ...record }: KeyRecord) => record;

/** The key of a name as it is now: neither an old secret of it nor one of that name that was revoked before. */
const newest = (records: readonly KeyRecord[], name: unknown): KeyRecord | undefined => {
  const named = records.filter((record) => record.name === name && record.replacedAtMs === undefined);
  return named.find(({ revokedAtMs }) => revokedAtMs === undefined) ?? named[0];
};

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 43 characters of 62: 256 bits that nobody guesses. */
const newSecret = (): string => `sk-sluice-${Array.from({ length: 43 }, () => BASE62[randomInt(62)]).join('')}`;

export interface KeyRoutesOptions {
  readonly keys: Keys;
  readonly meters: Pick<Meters, 'budget'>;
  /** The configuration's, as they are now. */
  readonly groups: () => Pick<GatewayConfig, 'teams' | 'tenants'>;
  readonly clock: Clock;
}

/** Keys: made, listed, rotated and revoked. A secret is shown once, to who made it. */
export function keyRoutes({ keys, meters, groups, clock }: KeyRoutesOptions): Router {
  const router = express.Router();
  router.use(express.json({ limit: '64kb' }));

  router.get('/', async (_request, response) => {
    response.json({ keys: (await keys.list()).filter(({ replacedAtMs }) => replacedAtMs === undefined).map(shown) });
  });

  router.post('/', async (request, response) => {
    const { expiresAt, models, team, ...given } = checked(newKey, request.body);
    const known = team === undefined ? undefined : groups().teams[team];
    if (team !== undefined && known === undefined)
      throw new AdminError(400, 'invalid_request', `team: there is no team '${team}'`);
    if (known !== undefined && given.tenant !== undefined && given.tenant !== known.tenant) {
      throw new AdminError(400, 'invalid_request', `tenant: expected '${known.tenant}', the tenant of the team '${team}'`);
    }
    const tenant = known?.tenant ?? given.tenant;
    const secret = newSecret();
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
    const record = newest(await keys.list(), request.params['name']);
    if (record === undefined) throw new AdminError(404, 'not_found', 'There is no key of that name.');
    const { tenant, name, limits } = record;
    response.json({ ...shown(record), ...(await budgetNow({ tenant, subject: name, limits }, meters, clock.now())) });
  });

  router.post('/:name/rotate', async (request, response) => {
    const { name } = request.params;
    const { grace } = checked(rotation, request.body ?? {});
    const secret = newSecret();
    const atMs = clock.now();
    const record = await keys.rotate(name, { hash: hashSecret(secret), atMs, oldUntilMs: atMs + grace });
    if (record !== undefined) {
      response.json({
        ...shown(record),
        secret,
        oldUntilMs: Math.min(record.expiresAtMs ?? Number.POSITIVE_INFINITY, atMs + grace),
      });
      return;
    }
    const known = newest(await keys.list(), name);
    if (known === undefined) throw new AdminError(404, 'not_found', 'There is no key of that name.');
    throw new AdminError(
      409,
      'conflict',
      known.revokedAtMs === undefined
        ? `The secret of '${name}' stands in the configuration: change it there.`
        : `The key '${name}' is revoked: make another one.`,
    );
  });

  router.delete('/:name', async (request, response) => {
    const found = await keys.revoke(String(request.params['name']), clock.now());
    if (!found) throw new AdminError(404, 'not_found', 'There is no key of that name.');
    response.status(204).end();
  });
  return router;
}
