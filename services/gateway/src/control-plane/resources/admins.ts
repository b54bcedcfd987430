import { type Clock, defined } from '@sluice/core';
import type { AdminRecord, Registry } from '@sluice/store/ports';
import express, { type Request, type Router } from 'express';
import { hashSecret } from '../../identity/key-cache.ts';
import type { QuotaScopes } from '../../identity/quota-scopes.ts';
import type { RegistryView } from '../../identity/registry-view.ts';
import { invalid } from '../admin-error.ts';
import type { Administrator, Administrators } from '../administrators.ts';
import { administratorOf, permit, type Scope, within } from '../permissions.ts';
import { adminSchemas } from '../schemas/admin-schemas.ts';
import { makeAdmin, shownAdmin } from './admin-forms.ts';
import { newSecret } from './new-secret.ts';
import { Resource } from './resource.ts';
import { RegistryStore } from './resource-store.ts';

export interface AdminRoutesOptions {
  readonly registry: Pick<Registry, 'replace'>;
  readonly view: Pick<RegistryView, 'reload' | 'admins'>;
  readonly administrators: Pick<Administrators, 'configured' | 'isConfigured'>;
  readonly groups: Pick<QuotaScopes, 'team'>;
  readonly clock: Clock;
}

/**
 * Routes to create, list, change, rotate and delete administrators, for owners. The key is shown once, in the response that
 * creates it.
 */
export function adminRoutes({ registry, view, administrators, groups, clock }: AdminRoutesOptions): Router {
  const isConfigured = (name: string): boolean => administrators.isConfigured(name);
  const all = (): Map<string, AdminRecord> =>
    new Map([...view.admins, ...administrators.configured().map((record) => [record.name, record] as const)]);
  // a team determines its tenant
  const scopeOf = ({ tenant, team }: AdminRecord): Scope => ({ tenant: tenant ?? groups.team(team ?? '')?.tenant, team });
  const owner = (request: Request): Administrator => permit(request, 'admins');

  const router = express.Router();
  router.get('/me', (request, response) => void response.json(administratorOf(request)));
  return new Resource(
    {
      kind: 'admin',
      schemas: adminSchemas,
      store: new RegistryStore({ kind: 'admin', registry, view, find: (name) => all().get(name), isConfigured }),
      clock,
      permit: { read: owner, change: owner },
      scopeOf,
      isOwn: (by, record) => within(by, scopeOf(record)) || by.name === record.name,
      shown: shownAdmin,
      listed: (record) => ({ ...shownAdmin(record), ...defined({ configured: isConfigured(record.name) || undefined }) }),
      list: async (query) => {
        const own = [...all().values()].filter((record) => within(query, scopeOf(record)));
        return { records: own.sort((a, b) => (a.name < b.name ? -1 : 1)) };
      },
      make: (name, body, by) => makeAdmin(name, body, { by, groups, clock }),
      patch:
        ({ role }) =>
        (before) => {
          if (role === 'team' && before.team === undefined) throw invalid('role', "the role 'team' needs a team");
          return { ...before, role };
        },
      refusal: (name) =>
        isConfigured(name) ? `The administrator '${name}' is defined in the configuration. Change it there.` : undefined,
      removal: 'delete',
    },
    router,
  ).action(
    'rotate',
    () => {
      const secret = newSecret('sk-sluice-admin-');
      return { edit: (admin) => ({ ...admin, hash: hashSecret(secret) }), more: { secret } };
    },
    // every administrator may rotate its own key
    (request) => (administratorOf(request).name === request.params['name'] ? administratorOf(request) : owner(request)),
  ).router;
}
