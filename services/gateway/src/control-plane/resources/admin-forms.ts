import { type Clock, defined } from '@sluice/core';
import type { AdminRecord } from '@sluice/store/ports';
import type { z } from 'zod';
import { hashSecret } from '../../identity/key-cache.ts';
import type { QuotaScopes } from '../../identity/quota-scopes.ts';
import { invalid } from '../admin-error.ts';
import type { Administrator } from '../administrators.ts';
import type { AdminResponse, adminSchemas } from '../schemas/admin-schemas.ts';
import { newSecret } from './new-secret.ts';
import type { CreatedRecord } from './resource-definition.ts';
import { findOwn } from './tenant-names.ts';

export interface AdminFormsOptions {
  readonly by: Administrator;
  readonly groups: Pick<QuotaScopes, 'team'>;
  readonly clock: Clock;
}

/** Returns an administrator as the admin API shows it. */
export const shownAdmin = ({ hash: _, ...record }: AdminRecord): AdminResponse => record;

/** Returns a new administrator with its secret. @throws AdminError 400 for a reserved name or a wrong team */
export async function makeAdmin(
  stored: string,
  { name: plain, role, tenant, team: asked }: z.output<typeof adminSchemas.create>,
  { by, groups, clock }: AdminFormsOptions,
): Promise<CreatedRecord<AdminRecord>> {
  if (plain === 'me') throw invalid('name', "'me' is reserved");
  const isOfTenant = (team: { tenant: string }): boolean => tenant === undefined || team.tenant === tenant;
  const team = asked === undefined ? undefined : await findOwn(by, asked, (name) => groups.team(name), isOfTenant);
  if (asked !== undefined && team === undefined) {
    throw invalid('team', `there is no team '${asked}'${tenant === undefined ? '' : ` of the tenant '${tenant}'`}`);
  }
  const secret = newSecret('sk-sluice-admin-');
  const record: AdminRecord = {
    name: stored,
    hash: hashSecret(secret),
    role,
    ...defined({ tenant, team: team?.name }),
    createdAtMs: clock.now(),
  };
  return { record, secret };
}
