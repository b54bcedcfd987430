import { name, shared, writtenLimits } from '@sluice/config';
import type { Clock } from '@sluice/core';
import { groupSubject } from '@sluice/proxies';
import type { Keys, Meters, Registry, TeamRecord, TenantRecord } from '@sluice/store/ports';
import express, { type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import type { Groups } from '../identity/groups.ts';
import { withBudget } from '../identity/key-terms.ts';
import type { RegistryView } from '../identity/registry-view.ts';
import { AdminError, invalid, notFound } from './admin-error.ts';
import { budgetNow } from './budget-now.ts';
import { changeLine } from './change-line.ts';
import { checked, checkedQuery } from './checked.ts';
import { requireVersion, sendVersion } from './etag.ts';
import { jsonBody } from './json-body.ts';
import { limitsPatch, patched, patchedLimits } from './limits-patch.ts';
import { permit, permitBeyondTeam, permitForAll, scoped, within } from './permissions.ts';
import { findOwn, storedName } from './tenant-names.ts';

/** Body of a request that creates a tenant. Limits and budgets have the same format as in the configuration. */
export const newTenant = z.strictObject({ name, ...shared });

export const newTeam = z.strictObject({
  name,
  /** The team's tenant. A single-tenant administrator can omit it. */
  tenant: name.optional(),
  ...shared,
});

/** Body of a change: the changed fields, with `null` for fields to remove. */
export const groupPatch = z.strictObject({
  limits: limitsPatch.optional(),
  budget: shared.budget.nullable(),
  metadata: shared.metadata.nullable(),
});

/** Query parameters of a list. */
export const groupsQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  /** The `next` of the previous page. */
  cursor: name.optional(),
  tenant: name.optional(),
});

type Kind = 'team' | 'tenant';
type GroupRecord = TeamRecord | TenantRecord;

export interface GroupRoutesOptions {
  readonly registry: Pick<Registry, 'replace'>;
  readonly view: Pick<RegistryView, 'reload' | 'teams' | 'tenants'>;
  readonly groups: Groups;
  readonly keys: Pick<Keys, 'list'>;
  readonly meters: Pick<Meters, 'budget'>;
  readonly clock: Clock;
}

/** Keys per page in the search for a group's keys. */
const PAGE = 1_000;

/** Returns a group's scope. A tenant's scope is the tenant itself. */
const scopeOf = (record: GroupRecord) =>
  'tenant' in record ? { tenant: record.tenant, team: record.name } : { tenant: record.name };

/**
 * Routes to create, list, change, block and delete teams or tenants. Configured ones can be changed only in the configuration.
 */
export function groupRoutes(kind: Kind, options: GroupRoutesOptions): Router {
  const { registry, view, groups, keys, meters, clock } = options;
  const router = express.Router();
  router.use(jsonBody());

  const find = (name: string): GroupRecord | undefined => (kind === 'team' ? groups.team(name) : groups.tenant(name));

  const shown = ({ limits, ...record }: GroupRecord) => ({
    ...record,
    ...(groups.isConfigured(kind, record.name) ? { configured: true } : {}),
    status: record.blockedAtMs === undefined ? 'active' : 'blocked',
    ...writtenLimits(limits),
  });

  const withSpending = async (record: GroupRecord) => {
    const owner = {
      tenant: scopeOf(record).tenant,
      subject: groupSubject({ kind, name: record.name }),
      limits: record.limits,
    };
    return { ...shown(record), ...(await budgetNow(owner, meters, clock.now())) };
  };

  /** Checks the permission for a change. Teams require an administrator without a team, tenants one without a tenant. */
  const permitChange = (request: Request) =>
    kind === 'team' ? permitBeyondTeam(request, 'teams') : permitForAll(request, 'tenants');

  /** Returns the group in the path if the administrator may see it. */
  const visible = async (request: Request): Promise<GroupRecord> => {
    const administrator = permit(request, 'read');
    await view.reload();
    // a single-team administrator may also see the team's tenant
    const scope = kind === 'tenant' ? { tenant: administrator.tenant } : administrator;
    const isOwn = (record: GroupRecord): boolean => within(scope, scopeOf(record));
    const named = String(request.params['name']);
    const record = kind === 'tenant' ? find(named) : await findOwn(administrator, named, find, isOwn);
    if (record === undefined || !isOwn(record)) throw notFound(`${kind} of that name`);
    return record;
  };

  const replace = async (request: Request, action: string, before: GroupRecord | undefined, after: GroupRecord | undefined) => {
    const record = (after ?? before) as GroupRecord;
    const change = changeLine(request, clock, {
      action: `${kind}.${action}`,
      kind,
      name: record.name,
      ...scopeOf(record),
      before: before && shown(before),
      after: after && shown(after),
    });
    const replacement = { kind, name: record.name, before, after, change } as Parameters<typeof registry.replace>[0];
    const done = await registry.replace(replacement);
    if (done) await view.reload();
    return done;
  };

  const changedMeanwhile = (): AdminError =>
    new AdminError(409, 'conflict', 'Another request changed it at the same time. Read it again.');

  const change = async (request: Request, response: Response, action: string, edit: (record: GroupRecord) => GroupRecord) => {
    permitChange(request);
    const before = await visible(request);
    if (groups.isConfigured(kind, before.name)) {
      throw new AdminError(409, 'conflict', `The ${kind} '${before.name}' is defined in the configuration. Change it there.`);
    }
    requireVersion(request, before);
    const after = edit(before);
    if (!(await replace(request, action, before, after))) throw changedMeanwhile();
    sendVersion(response, after).json(shown(after));
  };

  router.get('/', async (request, response) => {
    const administrator = permit(request, 'read');
    const query = scoped(administrator, checkedQuery(groupsQuery, request.query));
    await view.reload();
    const asked = kind === 'tenant' ? { tenant: query.tenant } : { tenant: query.tenant, team: administrator.team };
    const all = groups.all(kind).filter((record) => within(asked, scopeOf(record)) && record.name > (query.cursor ?? ''));
    const page = all.slice(0, query.limit);
    const next = all.length > query.limit ? page.at(-1)?.name : undefined;
    response.json({ [`${kind}s`]: await Promise.all(page.map(withSpending)), next });
  });

  router.post('/', async (request, response) => {
    const administrator = permitChange(request);
    const { name: plain, metadata, ...given } = checked(kind === 'team' ? newTeam : newTenant, request.body);
    const { tenant } = kind === 'team' ? scoped(administrator, { tenant: (given as { tenant?: string }).tenant }) : {};
    if (kind === 'team' && tenant === undefined) throw invalid('tenant', "expected the team's tenant");
    const name = storedName(administrator, plain);
    const taken = find(plain);
    const exists = new AdminError(409, 'conflict', `There is a ${kind} named '${plain}' already.`, { field: 'name' });
    if (taken !== undefined && administrator.tenant !== undefined && scopeOf(taken).tenant === administrator.tenant) throw exists;
    const record = {
      name,
      ...(tenant === undefined ? {} : { tenant }),
      limits: withBudget(given),
      ...(metadata === undefined ? {} : { metadata }),
    } as GroupRecord;
    const known = groups.isConfigured(kind, name);
    if (known || !(await replace(request, 'create', undefined, record))) {
      throw exists;
    }
    sendVersion(response.status(201), record).json(shown(record));
  });

  router.get('/:name', async (request, response) => {
    const record = await visible(request);
    sendVersion(response, record).json(await withSpending(record));
  });

  router.patch('/:name', async (request, response) => {
    permitChange(request);
    const { limits, budget, metadata } = checked(groupPatch, request.body);
    await change(request, response, 'change', (before) => ({
      ...patched(before, { metadata }),
      limits: patchedLimits(before.limits, limits, budget),
    }));
  });

  router.post('/:name/block', (request, response) =>
    change(request, response, 'block', (before) => ({ ...before, blockedAtMs: before.blockedAtMs ?? clock.now() })),
  );

  router.post('/:name/unblock', (request, response) =>
    change(request, response, 'unblock', ({ blockedAtMs: _, ...before }) => before),
  );

  router.delete('/:name', async (request, response) => {
    permitChange(request);
    const before = await visible(request);
    if (groups.isConfigured(kind, before.name)) {
      throw new AdminError(409, 'conflict', `The ${kind} '${before.name}' is defined in the configuration. Remove it there.`);
    }
    requireVersion(request, before);
    await refuseUsed(before);
    if (!(await replace(request, 'delete', before, undefined))) throw changedMeanwhile();
    response.status(204).end();
  });

  /**
   * Refuses to delete a group that is still in use, so that its members keep their limits. A key that is created meanwhile is
   * refused by every replica, because its team no longer exists.
   */
  const refuseUsed = async (record: GroupRecord): Promise<void> => {
    const inUse = (user: string): AdminError =>
      new AdminError(409, 'conflict', `The ${kind} '${record.name}' still has ${user}. Remove it first.`);
    if (kind === 'tenant') {
      const team = groups.all('team').find(({ tenant }) => tenant === record.name);
      if (team !== undefined) throw inUse(`the team '${team.name}'`);
    }
    for (let after: string | undefined, more = true; more; ) {
      const part = await keys.list(PAGE, after);
      const key = part.find((one) => one.revokedAtMs === undefined && one[kind] === record.name);
      if (key !== undefined) throw inUse(`the key '${key.name}'`);
      after = part.at(-1)?.name;
      more = part.length === PAGE;
    }
  };
  return router;
}
