import { boundedLimits, type GatewayConfig, inNetworks } from '@sluice/config';
import { type Caller, defined, type LimitSettings } from '@sluice/core';
import type { KeyRecord } from '@sluice/store/ports';

/** Returns limits as records store them: the budget is one of them. */
export const withBudget = ({ limits, budget }: Pick<GatewayConfig['tenants'][string], 'limits' | 'budget'>): LimitSettings =>
  budget === undefined ? limits : { ...limits, budget };

type Terms = Pick<
  GatewayConfig['keys'][number],
  'models' | 'routes' | 'allowedIps' | 'limits' | 'budget' | 'users' | 'tags' | 'metadata' | 'cache'
>;

/**
 * Returns the part of a key's record that defines its permissions and limits, from the configuration or the admin API. Fields
 * that are undefined are omitted.
 */
export function keyTerms({ limits, budget, users, ...named }: Terms): Pick<KeyRecord, 'limits'> & Partial<KeyRecord> {
  return {
    limits: withBudget({ limits, budget }),
    ...(users === undefined ? {} : { users: withBudget(users) }),
    ...defined(named),
  };
}

/** Returns the principal with the permissions of a record. */
export function toCaller(
  keyName: string,
  record: Pick<KeyRecord, 'tenant' | 'team' | 'models' | 'routes' | 'allowedIps' | 'limits' | 'users' | 'tags' | 'cache'>,
): Caller {
  const { tenant, team, models, routes, allowedIps, limits, users, tags, cache } = record;
  return {
    tenant,
    keyName,
    limits: boundedLimits(limits),
    ...defined({ team, models, routes, tags, cache }),
    ...(allowedIps === undefined ? {} : { mayComeFrom: inNetworks(allowedIps) }),
    ...(users === undefined ? {} : { users: boundedLimits(users) }),
  };
}
