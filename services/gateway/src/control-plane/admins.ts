import { name } from '@sluice/config';
import type { Clock } from '@sluice/core';
import { ADMIN_ROLES, type AdminRecord, type Registry } from '@sluice/store/ports';
import express, { type Request, type Router } from 'express';
import { z } from 'zod';
import type { Groups } from '../identity/groups.ts';
import { hashSecret } from '../identity/key-cache.ts';
import type { RegistryView } from '../identity/registry-view.ts';
import { AdminError, invalid, notFound } from './admin-error.ts';
import type { Administrator, Administrators } from './administrators.ts';
import { changeLine } from './change-line.ts';
import { checked } from './checked.ts';
import { requireVersion, sendVersion } from './etag.ts';
import { jsonBody } from './json-body.ts';
import { newSecret } from './new-secret.ts';
import { administratorOf, permit, type Scope, scoped, within } from './permissions.ts';
import { findOwn, storedName } from './tenant-names.ts';

/** Body of a request that creates an administrator. An administrator cannot grant more than its own permissions. */
export const newAdmin = z
  .strictObject({
    name,
    role: z.enum(ADMIN_ROLES),
    /** The tenant that the administrator is restricted to. */
    tenant: name.optional(),
    /** The team that the administrator is restricted to. */
    team: name.optional(),
  })
  .refine(({ role, team }) => role !== 'team' || team !== undefined, { path: ['team'], message: "the role 'team' needs a team" });

export const adminPatch = z.strictObject({ role: z.enum(ADMIN_ROLES) });

const shown = ({ hash: _, ...record }: AdminRecord) => record;

export interface AdminRoutesOptions {
  readonly registry: Pick<Registry, 'replace'>;
  readonly view: Pick<RegistryView, 'reload' | 'admins'>;
  readonly administrators: Pick<Administrators, 'configured' | 'isConfigured'>;
  readonly groups: Pick<Groups, 'team'>;
  readonly clock: Clock;
}

/**
 * Routes to create, list, change, rotate and delete administrators, for owners. The key is shown once, in the response that
 * creates it.
 */
export function adminRoutes({ registry, view, administrators, groups, clock }: AdminRoutesOptions): Router {
  const router = express.Router();
  router.use(jsonBody());

  /** Returns an administrator's scope. A team determines its tenant. */
  const scopeOf = ({ tenant, team }: AdminRecord): Scope => ({ tenant: tenant ?? groups.team(team ?? '')?.tenant, team });

  const all = (): Map<string, AdminRecord> =>
    new Map([...view.admins, ...administrators.configured().map((record) => [record.name, record] as const)]);

  const visible = async (request: Request, by: Administrator): Promise<AdminRecord> => {
    await view.reload();
    const isOwn = (record: AdminRecord): boolean => within(by, scopeOf(record)) || by.name === record.name;
    const record = await findOwn(by, String(request.params['name']), (name) => all().get(name), isOwn);
    if (record === undefined) throw notFound('administrator of that name');
    return record;
  };

  const replace = async (request: Request, action: string, before: AdminRecord | undefined, after: AdminRecord | undefined) => {
    const record = (after ?? before) as AdminRecord;
    if (administrators.isConfigured(record.name)) {
      if (before === undefined) return false;
      throw new AdminError(
        409,
        'conflict',
        `The administrator '${record.name}' is defined in the configuration. Change it there.`,
      );
    }
    const { tenant, team } = scopeOf(record);
    const change = changeLine(request, clock, {
      action: `admin.${action}`,
      kind: 'admin',
      name: record.name,
      ...(tenant === undefined ? {} : { tenant }),
      ...(team === undefined ? {} : { team }),
      before: before && shown(before),
      after: after && shown(after),
    });
    const done = await registry.replace({ kind: 'admin', name: record.name, before, after, change });
    if (done) await view.reload();
    return done;
  };

  const changedMeanwhile = (): AdminError =>
    new AdminError(409, 'conflict', 'Another request changed it at the same time. Read it again.');

  router.get('/me', (request, response) => void response.json(administratorOf(request)));

  router.get('/', async (request, response) => {
    const by = permit(request, 'admins');
    await view.reload();
    const admins = [...all().values()].filter((record) => within(by, scopeOf(record))).sort((a, b) => (a.name < b.name ? -1 : 1));
    response.json({
      admins: admins.map((record) => ({
        ...shown(record),
        ...(administrators.isConfigured(record.name) ? { configured: true } : {}),
      })),
    });
  });

  router.post('/', async (request, response) => {
    const by = permit(request, 'admins');
    const { name: plain, role, tenant, team: asked } = scoped(by, checked(newAdmin, request.body));
    if (plain === 'me') throw invalid('name', "'me' is reserved");
    const isOfTenant = (team: { tenant: string }): boolean => tenant === undefined || team.tenant === tenant;
    const known = asked === undefined ? undefined : await findOwn(by, asked, (name) => groups.team(name), isOfTenant);
    if (asked !== undefined && known === undefined) {
      throw invalid('team', `there is no team '${asked}'${tenant === undefined ? '' : ` of the tenant '${tenant}'`}`);
    }
    const team = known?.name;
    const name = storedName(by, plain);
    await view.reload();
    const taken = all().get(plain);
    const exists = new AdminError(409, 'conflict', `There is an administrator named '${plain}' already.`, { field: 'name' });
    if (taken !== undefined && by.tenant !== undefined && scopeOf(taken).tenant === by.tenant) throw exists;
    const secret = newSecret('sk-sluice-admin-');
    const record: AdminRecord = {
      name,
      hash: hashSecret(secret),
      role,
      ...(tenant === undefined ? {} : { tenant }),
      ...(team === undefined ? {} : { team }),
      createdAtMs: clock.now(),
    };
    if (!(await replace(request, 'create', undefined, record))) {
      throw exists;
    }
    sendVersion(response.status(201), record).json({ ...shown(record), secret });
  });

  router.get('/:name', async (request, response) => {
    const record = await visible(request, permit(request, 'admins'));
    sendVersion(response, record).json(shown(record));
  });

  router.patch('/:name', async (request, response) => {
    const before = await visible(request, permit(request, 'admins'));
    const { role } = checked(adminPatch, request.body);
    if (role === 'team' && before.team === undefined) throw invalid('role', "the role 'team' needs a team");
    requireVersion(request, before);
    const after = { ...before, role };
    if (!(await replace(request, 'change', before, after))) throw changedMeanwhile();
    sendVersion(response, after).json(shown(after));
  });

  router.post('/:name/rotate', async (request, response) => {
    const by = administratorOf(request);
    // every administrator may rotate its own key
    const before = await visible(request, by.name === request.params['name'] ? by : permit(request, 'admins'));
    requireVersion(request, before);
    const secret = newSecret('sk-sluice-admin-');
    const after = { ...before, hash: hashSecret(secret) };
    if (!(await replace(request, 'rotate', before, after))) throw changedMeanwhile();
    sendVersion(response, after).json({ ...shown(after), secret });
  });

  router.delete('/:name', async (request, response) => {
    const before = await visible(request, permit(request, 'admins'));
    requireVersion(request, before);
    if (!(await replace(request, 'delete', before, undefined))) throw changedMeanwhile();
    response.status(204).end();
  });
  return router;
}
