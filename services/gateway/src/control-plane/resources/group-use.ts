import type { Keys } from '@sluice/store/ports';
import type { QuotaScopes } from '../../identity/quota-scopes.ts';
import { AdminError } from '../admin-error.ts';
import type { GroupKind } from './group-forms.ts';
import { keysInBatches } from './key-list.ts';

export interface GroupMembers {
  readonly groups: Pick<QuotaScopes, 'all'>;
  readonly keys: Pick<Keys, 'list'>;
}

/**
 * Refuses to delete a group that is still in use, so that its members keep their limits. A key that is created meanwhile is
 * refused by every replica, because its team no longer exists.
 *
 * @throws AdminError 409
 */
export async function refuseUsedGroup(
  kind: GroupKind,
  { name }: { readonly name: string },
  { groups, keys }: GroupMembers,
): Promise<void> {
  const inUse = (user: string): AdminError =>
    new AdminError(409, 'conflict', `The ${kind} '${name}' still has ${user}. Remove it first.`);
  const team = kind === 'tenant' ? groups.all('team').find(({ tenant }) => tenant === name) : undefined;
  if (team !== undefined) throw inUse(`the team '${team.name}'`);
  for await (const batch of keysInBatches(keys)) {
    const key = batch.find((one) => one.revokedAtMs === undefined && one[kind] === name);
    if (key !== undefined) throw inUse(`the key '${key.name}'`);
  }
}
