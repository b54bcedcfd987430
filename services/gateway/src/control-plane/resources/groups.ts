import type { Clock } from '@sluice/core';
import type { Keys, Meters, Registry } from '@sluice/store/ports';
import type { Request, Router } from 'express';
import type { QuotaScopes } from '../../identity/quota-scopes.ts';
import type { RegistryView } from '../../identity/registry-view.ts';
import type { Administrator } from '../administrators.ts';
import { permit, permitBeyondTeam, permitForAll, type Scope, within } from '../permissions.ts';
import { teamSchemas, tenantSchemas } from '../schemas/group-schemas.ts';
import { editOfGroup, type GroupKind, type GroupRecord, makeGroup, scopeOf, shownGroup, withSpending } from './group-forms.ts';
import { refuseUsedGroup } from './group-use.ts';
import { Resource } from './resource.ts';
import { RegistryStore } from './resource-store.ts';

export interface GroupRoutesOptions {
  readonly registry: Pick<Registry, 'replace'>;
  readonly view: Pick<RegistryView, 'reload'>;
  readonly groups: QuotaScopes;
  readonly keys: Pick<Keys, 'list'>;
  readonly meters: Pick<Meters, 'budget'>;
  readonly clock: Clock;
}

/**
 * Routes to create, list, change, block and delete teams or tenants. Configured ones can be changed only in the configuration.
 */
export function groupRoutes(kind: GroupKind, { registry, view, groups, keys, meters, clock }: GroupRoutesOptions): Router {
  const isConfigured = (name: string): boolean => groups.isConfigured(kind, name);
  const find = (name: string): GroupRecord | undefined => (kind === 'team' ? groups.team(name) : groups.tenant(name));
  const shown = (record: GroupRecord) => shownGroup(record, isConfigured(record.name));
  const detail = (record: GroupRecord) => withSpending(kind, record, shown(record), { meters, clock });
  // teams require an administrator without a team, and tenants an administrator without a tenant
  const change = (request: Request): Administrator =>
    kind === 'team' ? permitBeyondTeam(request, 'teams') : permitForAll(request, 'tenants');
  // an administrator with a single team may also see the team's tenant
  const isOwn = ({ tenant, team }: Scope, record: GroupRecord): boolean =>
    within(kind === 'team' ? { tenant, team } : { tenant }, scopeOf(record));

  return new Resource({
    kind,
    schemas: kind === 'team' ? teamSchemas : tenantSchemas,
    store: new RegistryStore({ kind, registry, view, find, isConfigured }),
    clock,
    permit: { read: (request) => permit(request, 'read'), change },
    scopeOf,
    isOwn,
    shown,
    detail,
    listed: detail,
    list: async (query) => {
      const { cursor = '', limit } = query;
      const found = groups.all(kind).filter((record) => isOwn(query, record) && record.name > cursor);
      const records = found.slice(0, limit);
      return { records, next: found.length > limit ? records.at(-1)?.name : undefined };
    },
    make: async (name, body) => ({ record: makeGroup(kind, name, body) }),
    patch: editOfGroup,
    refusal: (name, action) =>
      isConfigured(name)
        ? `The ${kind} '${name}' is defined in the configuration. ${action === 'delete' ? 'Remove' : 'Change'} it there.`
        : undefined,
    removal: 'delete',
    refuseUsed: (record) => refuseUsedGroup(kind, record, { groups, keys }),
  })
    .action('block', () => ({ edit: (group) => ({ ...group, blockedAtMs: group.blockedAtMs ?? clock.now() }) }))
    .action('unblock', () => ({ edit: ({ blockedAtMs: _, ...group }) => group })).router;
}
