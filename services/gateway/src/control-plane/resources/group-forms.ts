import { writtenLimits } from '@sluice/config';
import { type Clock, defined } from '@sluice/core';
import { groupSubject } from '@sluice/proxies';
import type { Meters, TeamRecord, TenantRecord } from '@sluice/store/ports';
import type { z } from 'zod';
import { withBudget } from '../../identity/key-terms.ts';
import { invalid } from '../admin-error.ts';
import type { GroupResponse, teamSchemas } from '../schemas/group-schemas.ts';
import { budgetNow } from './budget-now.ts';
import { patched, patchedLimits } from './limits-patch.ts';
import type { Edit } from './resource-definition.ts';

export type GroupKind = 'team' | 'tenant';
export type GroupRecord = TeamRecord | TenantRecord;

type NewGroup = z.output<typeof teamSchemas.create>;
type GroupPatch = z.output<typeof teamSchemas.patch>;

/** Returns a group's scope. A tenant's scope is the tenant itself. */
export const scopeOf = (record: GroupRecord): { readonly tenant: string; readonly team?: string } =>
  'tenant' in record ? { tenant: record.tenant, team: record.name } : { tenant: record.name };

/** Returns a new group. @throws AdminError 400 for a team without a tenant */
export function makeGroup(kind: GroupKind, name: string, { tenant, metadata, ...given }: NewGroup): GroupRecord {
  const common = { name, limits: withBudget(given), ...defined({ metadata }) };
  if (kind === 'tenant') return common;
  if (tenant === undefined) throw invalid('tenant', "expected the team's tenant");
  return { ...common, tenant };
}

/** Returns the edit of a patch. */
export const editOfGroup =
  ({ limits, budget, metadata }: GroupPatch): Edit<GroupRecord> =>
  (before) => ({ ...patched(before, { metadata }), limits: patchedLimits(before.limits, limits, budget) });

/** Returns a group as the admin API shows it. */
export function shownGroup({ limits, ...record }: GroupRecord, isConfigured: boolean): GroupResponse {
  return {
    ...record,
    ...defined({ configured: isConfigured || undefined }),
    status: record.blockedAtMs === undefined ? 'active' : 'blocked',
    ...writtenLimits(limits),
  };
}

/** Returns a response with the current spending of the group's budgets. */
export async function withSpending(
  kind: GroupKind,
  record: GroupRecord,
  shown: GroupResponse,
  { meters, clock }: { readonly meters: Pick<Meters, 'budget'>; readonly clock: Clock },
): Promise<GroupResponse> {
  const { name, limits } = record;
  const owner = { tenant: scopeOf(record).tenant, subject: groupSubject({ kind, name }), limits };
  return { ...shown, ...(await budgetNow(owner, meters, clock.now())) };
}
