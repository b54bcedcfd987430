import { keyTermsShape, longDurationMs, name, writtenLimits } from '@sluice/config';
import type { Clock } from '@sluice/core';
import type { KeyRecord, Meters } from '@sluice/store/ports';
import express, { type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import type { ConfiguredKeys } from '../identity/configured-keys.ts';
import type { Groups } from '../identity/groups.ts';
import { hashSecret } from '../identity/key-cache.ts';
import { keyTerms, withBudget } from '../identity/key-terms.ts';
import { AdminError, invalid, notFound } from './admin-error.ts';
import { budgetNow } from './budget-now.ts';
import { changeLine } from './change-line.ts';
import { checked, checkedQuery } from './checked.ts';
import { requireVersion, sendVersion } from './etag.ts';
import { jsonBody } from './json-body.ts';
import { limitsPatch, patched, patchedLimits } from './limits-patch.ts';
import { newSecret } from './new-secret.ts';
import { permit, scoped, within } from './permissions.ts';
import { findOwn, storedName } from './tenant-names.ts';

const expiresAt = z.iso.datetime({ offset: true });

/**
 * Body of a request that creates a key. Limits and budgets have the same format as in the configuration: `60/min`, `50
 * USD/month`.
 */
export const newKey = z.strictObject({
  name,
  /** The key's tenant. A single-tenant administrator can omit it. */
  tenant: name.optional(),
  /** The key's team. The team's tenant becomes the key's tenant. */
  team: name.optional(),
  expiresAt: expiresAt.optional(),
  ...keyTermsShape,
});

/** Body of a change: the changed fields, with `null` for fields to remove. */
export const keyPatch = z.strictObject({
  team: name.nullable().optional(),
  expiresAt: expiresAt.nullable().optional(),
  models: keyTermsShape.models.nullable(),
  routes: keyTermsShape.routes.nullable(),
  allowedIps: keyTermsShape.allowedIps.nullable(),
  limits: limitsPatch.optional(),
  budget: keyTermsShape.budget.nullable(),
  users: keyTermsShape.users.nullable(),
  tags: keyTermsShape.tags.nullable(),
  metadata: keyTermsShape.metadata.nullable(),
});

/** Body of a rotation: how long the old secret remains valid. */
export const rotation = z.strictObject({
  grace: z
    .union([z.literal('none').transform(() => 0), longDurationMs], 'expected a duration such as 24h, or none')
    .default(86_400_000),
});

export const KEY_STATES = ['active', 'blocked', 'expired', 'revoked'] as const;

/** Query parameters of the list. */
export const keysQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  /** The `next` of the previous page. */
  cursor: name.optional(),
  tenant: name.optional(),
  team: name.optional(),
  status: z.enum(KEY_STATES).optional(),
});

/** Keys per page in a search. */
const PAGE = 1_000;

function stateOf(record: KeyRecord, nowMs: number): (typeof KEY_STATES)[number] {
  if (record.revokedAtMs !== undefined) return 'revoked';
  if (record.expiresAtMs !== undefined && record.expiresAtMs <= nowMs) return 'expired';
  return record.blockedAtMs === undefined ? 'active' : 'blocked';
}

/** Returns a key as the admin API shows it, without anything that could reveal its secret. */
function shown({ hash: _hash, previousHash: _previous, limits, users, ...record }: KeyRecord, nowMs: number) {
  return {
    ...record,
    status: stateOf({ hash: _hash, limits, ...record }, nowMs),
    ...writtenLimits(limits),
    ...(users === undefined ? {} : { users: writtenLimits(users) }),
  };
}

export interface KeyRoutesOptions {
  readonly keys: ConfiguredKeys;
  readonly meters: Pick<Meters, 'budget'>;
  readonly groups: Pick<Groups, 'team'>;
  readonly clock: Clock;
}

/** Routes to create, list, change, rotate, block and revoke keys. A secret is shown once, in the response that creates it. */
export function keyRoutes({ keys, meters, groups, clock }: KeyRoutesOptions): Router {
  const router = express.Router();
  router.use(jsonBody());

  const line = (request: Request, action: string, { before, after }: { before?: KeyRecord; after?: KeyRecord }): string => {
    const { name, tenant, team } = (after ?? before) as KeyRecord;
    const of = { kind: 'key', name, tenant, ...(team === undefined ? {} : { team }) } as const;
    const show = (record: KeyRecord | undefined) => (record === undefined ? undefined : shown(record, clock.now()));
    return changeLine(request, clock, { action: `key.${action}`, ...of, before: show(before), after: show(after) });
  };

  /** Returns the team in a request, by its plain or its stored name. Another tenant's team counts as missing. */
  const teamOf = async (request: Request, team: string, tenant: string | undefined) => {
    const { tenant: own } = permit(request, 'keys');
    const isOwn = (record: { tenant: string }): boolean => own === undefined || record.tenant === own;
    const known = await findOwn({ tenant: own }, team, (name) => groups.team(name), isOwn);
    if (known === undefined) throw invalid('team', `there is no team '${team}'`);
    if (tenant !== undefined && tenant !== known.tenant) throw otherTenant(known);
    return known;
  };

  const otherTenant = ({ name, tenant }: { name: string; tenant: string }): AdminError =>
    invalid('tenant', `expected '${tenant}', the tenant of the team '${name}'`);

  /** Returns the key in the path if the administrator may see it. Another scope's key counts as missing. */
  const visible = async (request: Request, permission: 'read' | 'keys'): Promise<KeyRecord> => {
    const administrator = permit(request, permission);
    const isOwn = (record: KeyRecord): boolean => within(administrator, record);
    const record = await findOwn(administrator, String(request.params['name']), (name) => keys.named(name), isOwn);
    if (record === undefined) throw notFound('key of that name');
    return record;
  };

  const refuseConfigured = (record: KeyRecord): void => {
    if (!keys.isConfigured(record.name)) return;
    throw new AdminError(409, 'conflict', `The key '${record.name}' is defined in the configuration. Change it there.`);
  };

  const revoked = (name: string): AdminError =>
    new AdminError(409, 'conflict', `The key '${name}' is revoked. Create another one.`);

  /** Changes the key in the path. @throws AdminError 403, 404, 409, 412 */
  const change = async (request: Request, response: Response, action: string, edit: (record: KeyRecord) => KeyRecord) => {
    const { name } = await visible(request, 'keys');
    const administrator = permit(request, 'keys');
    const record = await keys.change(name, (before) => {
      requireVersion(request, before);
      const after = edit(before);
      // a change must not move a key out of or into another administrator's scope
      if (!within(administrator, before) || !within(administrator, after)) throw notFound('key of that name');
      return { record: after, change: line(request, action, { before, after }) };
    });
    if (record === undefined) throw revoked(name);
    sendVersion(response, record).json(shown(record, clock.now()));
  };

  router.get('/', async (request, response) => {
    const query = scoped(permit(request, 'read'), checkedQuery(keysQuery, request.query));
    const nowMs = clock.now();
    const found: KeyRecord[] = [];
    for (let after = query.cursor, more = true; more && found.length <= query.limit; ) {
      const part = await keys.list(PAGE, after);
      after = part.at(-1)?.name;
      more = part.length === PAGE;
      const matching = part.filter(
        (record) => within(query, record) && (query.status ?? stateOf(record, nowMs)) === stateOf(record, nowMs),
      );
      found.push(...matching);
    }
    const page = found.slice(0, query.limit);
    const next = found.length > query.limit ? page.at(-1)?.name : undefined;
    if (next !== undefined) {
      const rest = new URLSearchParams({ ...(request.query as Record<string, string>), cursor: next });
      response.links({ next: `${request.baseUrl}?${rest}` });
    }
    response.json({ keys: page.map((record) => shown(record, nowMs)), next });
  });

  router.post('/', async (request, response) => {
    const administrator = permit(request, 'keys');
    const { name: plain, expiresAt, ...given } = scoped(administrator, checked(newKey, request.body));
    const { team: asked, tenant, ...terms } = given;
    const known = asked === undefined ? undefined : await teamOf(request, asked, tenant);
    const team = known?.name;
    const name = storedName(administrator, plain);
    const taken = await keys.named(plain);
    const exists = new AdminError(409, 'conflict', `There is a key named '${plain}' already.`, { field: 'name' });
    if (taken !== undefined && taken.revokedAtMs === undefined && taken.tenant === administrator.tenant) throw exists;
    const secret = newSecret('sk-sluice-');
    const record: KeyRecord = {
      name,
      hash: hashSecret(secret),
      tenant: known?.tenant ?? tenant ?? name,
      ...(team === undefined ? {} : { team }),
      createdAtMs: clock.now(),
      ...(expiresAt === undefined ? {} : { expiresAtMs: Date.parse(expiresAt) }),
      ...keyTerms(terms),
    };
    if (!(await keys.put(record, line(request, 'create', { after: record })))) {
      throw exists;
    }
    sendVersion(response.status(201), record).json({ ...shown(record, clock.now()), secret });
  });

  router.get('/:name', async (request, response) => {
    const record = await visible(request, 'read');
    const { tenant, name, limits } = record;
    const spending = await budgetNow({ tenant, subject: name, limits }, meters, clock.now());
    sendVersion(response, record).json({ ...shown(record, clock.now()), ...spending });
  });

  router.patch('/:name', async (request, response) => {
    refuseConfigured(await visible(request, 'keys'));
    const { limits, budget, users, expiresAt, team: asked, ...patch } = checked(keyPatch, request.body);
    const known = typeof asked === 'string' ? await teamOf(request, asked, undefined) : undefined;
    const team = known?.name ?? asked;
    await change(request, response, 'change', (before) => {
      if (known !== undefined && known.tenant !== before.tenant) throw otherTenant(known);
      return {
        ...patched(before, {
          ...patch,
          team,
          expiresAtMs: typeof expiresAt === 'string' ? Date.parse(expiresAt) : expiresAt,
          users: users === undefined || users === null ? users : withBudget(users),
        }),
        limits: patchedLimits(before.limits, limits, budget),
      };
    });
  });

  router.post('/:name/block', (request, response) =>
    change(request, response, 'block', (before) => ({ ...before, blockedAtMs: before.blockedAtMs ?? clock.now() })),
  );

  router.post('/:name/unblock', (request, response) =>
    change(request, response, 'unblock', ({ blockedAtMs: _, ...before }) => before),
  );

  router.post('/:name/rotate', async (request, response) => {
    const before = await visible(request, 'keys');
    const { name } = before;
    const { grace } = checked(rotation, request.body ?? {});
    requireVersion(request, before);
    if (keys.isConfigured(name)) {
      throw new AdminError(409, 'conflict', `The secret of '${name}' is defined in the configuration. Change it there.`);
    }
    const secret = newSecret('sk-sluice-');
    const atMs = clock.now();
    const after = { ...before, rotatedAtMs: atMs };
    const oldUntilMs = atMs + grace;
    const to = { hash: hashSecret(secret), atMs, oldUntilMs };
    const record = await keys.rotate(name, to, line(request, 'rotate', { before, after }));
    if (record === undefined) throw revoked(name);
    sendVersion(response, record).json({
      ...shown(record, clock.now()),
      secret,
      oldUntilMs: Math.min(record.expiresAtMs ?? oldUntilMs, oldUntilMs),
    });
  });

  router.delete('/:name', async (request, response) => {
    const before = await visible(request, 'keys');
    requireVersion(request, before);
    const atMs = clock.now();
    const after = { ...before, revokedAtMs: before.revokedAtMs ?? atMs };
    // a repeated revocation notifies the replicas again, but is not a further change
    const change = before.revokedAtMs === undefined ? line(request, 'revoke', { before, after }) : undefined;
    if (!(await keys.revoke(before.name, atMs, change))) throw notFound('key of that name');
    response.status(204).end();
  });
  return router;
}
