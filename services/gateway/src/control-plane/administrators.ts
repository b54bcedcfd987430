import { timingSafeEqual } from 'node:crypto';
import type { GatewayConfig } from '@sluice/config';
import { defined } from '@sluice/core';
import type { AdminRecord, AdminRole } from '@sluice/store/ports';
import { hashSecret } from '../identity/key-cache.ts';
import type { QuotaScopes } from '../identity/quota-scopes.ts';
import type { RegistryView } from '../identity/registry-view.ts';

/** A signed-in administrator. */
export interface Administrator {
  readonly name: string;
  readonly role: AdminRole;
  /** The tenant that the administrator is restricted to; undefined for all tenants. */
  readonly tenant?: string;
  /** The team that the administrator is restricted to. */
  readonly team?: string;
}

/** Reserved name of the administrator with the environment's key. */
export const ROOT = '@environment';

export interface AdministratorsOptions {
  /** The environment's admin key, which has the role of an owner. */
  readonly adminKey: string | undefined;
  readonly configured: () => GatewayConfig['admins'];
  readonly view: Pick<RegistryView, 'admins' | 'refresh' | 'reload'>;
  readonly groups: Pick<QuotaScopes, 'team'>;
}

/** Authenticates administrators: the environment's key, the configured administrators, and those that an owner created. */
export class Administrators {
  readonly #options: AdministratorsOptions;

  constructor(options: AdministratorsOptions) {
    this.#options = options;
  }

  /** Returns the administrator of a secret. @throws the store's error if an unknown secret cannot be looked up */
  async find(secret: string): Promise<Administrator | undefined> {
    const { adminKey, view } = this.#options;
    const hash = hashSecret(secret);
    const has = (other: string): boolean => timingSafeEqual(Buffer.from(hash, 'hex'), Buffer.from(other, 'hex'));
    if (adminKey !== undefined && has(hashSecret(adminKey))) return { name: ROOT, role: 'owner' };
    const configured = this.configured().find((admin) => has(admin.hash));
    if (configured !== undefined) return this.#within(configured);
    // the cache of this replica may be outdated: an administrator that was deleted elsewhere must be refused, and a new one
    // accepted
    await view.refresh();
    const find = (): AdminRecord | undefined => [...view.admins.values()].find((admin) => has(admin.hash));
    if (find() === undefined) await view.reload();
    const made = find();
    return made === undefined || this.isConfigured(made.name) ? undefined : this.#within(made);
  }

  configured(): AdminRecord[] {
    return this.#options.configured().map(({ name, secret, role, tenant, team }) => ({
      name,
      hash: hashSecret(secret),
      role,
      ...defined({ tenant, team }),
    }));
  }

  isConfigured(name: string): boolean {
    return this.#options.configured().some((admin) => admin.name === name);
  }

  /**
   * Returns an administrator within its scope; undefined if its team no longer exists. The team's tenant becomes the
   * administrator's tenant.
   */
  #within({ name, role, tenant, team }: AdminRecord): Administrator | undefined {
    if (team === undefined) return role === 'team' ? undefined : { name, role, ...defined({ tenant }) };
    const record = this.#options.groups.team(team);
    if (record === undefined || (tenant !== undefined && record.tenant !== tenant)) return undefined;
    return { name, role, tenant: record.tenant, team };
  }
}
