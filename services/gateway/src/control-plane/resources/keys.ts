import type { Clock } from '@sluice/core';
import type { KeyRecord, Meters } from '@sluice/store/ports';
import type { Router } from 'express';
import type { ConfiguredKeys } from '../../identity/configured-keys.ts';
import type { QuotaScopes } from '../../identity/quota-scopes.ts';
import { permit, within } from '../permissions.ts';
import { keySchemas } from '../schemas/key-schemas.ts';
import { budgetNow } from './budget-now.ts';
import { KeyForms } from './key-forms.ts';
import { listKeys } from './key-list.ts';
import { KeyStore } from './key-store.ts';
import { Resource } from './resource.ts';
import { rotateKey } from './rotate-key.ts';
import { shownKey } from './shown-key.ts';

export interface KeyRoutesOptions {
  readonly keys: ConfiguredKeys;
  readonly meters: Pick<Meters, 'budget'>;
  readonly groups: Pick<QuotaScopes, 'team'>;
  readonly clock: Clock;
}

/** Texts for configured keys, by action. They can be blocked and revoked like others. */
const REFUSALS: Readonly<Record<string, (name: string) => string>> = {
  change: (name) => `The key '${name}' is defined in the configuration. Change it there.`,
  rotate: (name) => `The secret of '${name}' is defined in the configuration. Change it there.`,
};

/** Routes to create, list, change, rotate, block and revoke keys. A secret is shown once, in the response that creates it. */
export function keyRoutes({ keys, meters, groups, clock }: KeyRoutesOptions): Router {
  const forms = new KeyForms(groups, clock);
  const shown = (record: KeyRecord) => shownKey(record, clock.now());
  const resource = new Resource({
    kind: 'key',
    schemas: keySchemas,
    store: new KeyStore(keys, clock),
    clock,
    permit: { read: (request) => permit(request, 'read'), change: (request) => permit(request, 'keys') },
    scopeOf: ({ tenant, team }) => ({ tenant, team }),
    isOwn: within,
    isNamed: ({ revokedAtMs }) => revokedAtMs === undefined,
    shown,
    detail: async (record) => {
      const { tenant, name: subject, limits } = record;
      return { ...shown(record), ...(await budgetNow({ tenant, subject, limits }, meters, clock.now())) };
    },
    list: (query) => listKeys(keys, query, clock.now()),
    make: (name, body, administrator) => forms.make(name, body, administrator),
    patch: (body, administrator) => forms.edit(body, administrator),
    refusal: (name, action) => (keys.isConfigured(name) ? REFUSALS[action]?.(name) : undefined),
    removal: 'revoke',
  });
  resource
    .action('block', () => ({ edit: (key) => ({ ...key, blockedAtMs: key.blockedAtMs ?? clock.now() }) }))
    .action('unblock', () => ({ edit: ({ blockedAtMs: _, ...key }) => key }));
  resource.router.post('/:name/rotate', rotateKey(resource, keys, clock));
  return resource.router;
}
