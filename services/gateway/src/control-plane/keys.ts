import { randomBytes } from 'node:crypto';
import { limits } from '@sluice/config';
import type { Clock } from '@sluice/core';
import type { KeyRecord, Keys } from '@sluice/store/ports';
import express, { type Router } from 'express';
import { z } from 'zod';
import { hashSecret } from '../key-cache.ts';
import { AdminError } from './admin-error.ts';

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);

/** What makes a key. `limits` are written as in the configuration: `60/min`. */
export const newKey = z.strictObject({
  name,
  tenant: name.optional(),
  models: z.array(z.string().min(1).max(256)).max(1_000).optional(),
  limits: limits.default({}),
  /** ISO 8601. */
  expiresAt: z.iso.datetime({ offset: true }).optional(),
});

const shown = ({ hash: _hash, ...record }: KeyRecord) => record;

/** Keys: made, listed and revoked. A secret is shown once, to who made it. */
export function keyRoutes(keys: Keys, clock: Clock): Router {
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
    const { expiresAt, tenant, models, ...given } = parsed.data;
    const secret = `sk-sluice-${randomBytes(24).toString('base64url')}`;
    const record: KeyRecord = {
      name: given.name,
      limits: given.limits,
      hash: hashSecret(secret),
      tenant: tenant ?? given.name,
      createdAtMs: clock.now(),
      ...(models === undefined ? {} : { models }),
      ...(expiresAt === undefined ? {} : { expiresAtMs: Date.parse(expiresAt) }),
    };
    if (!(await keys.put(record))) throw new AdminError(409, 'conflict', `There is a key named '${given.name}' already.`);
    response.status(201).json({ ...shown(record), secret });
  });

  router.delete('/:name', async (request, response) => {
    const found = await keys.revoke(String(request.params['name']), clock.now());
    if (!found) throw new AdminError(404, 'not_found', 'There is no key of that name.');
    response.status(204).end();
  });
  return router;
}
