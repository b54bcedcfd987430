import { timingSafeEqual } from 'node:crypto';
import type { GatewayConfig } from '@sluice/config';
import type { AdminRecord, AdminRole } from '@sluice/store/ports';
import type { Groups } from '../groups.ts';
import { hashSecret } from '../key-cache.ts';
import type { RegistryView } from '../registry-view.ts';

/** Who is signed in. */
export interface Administrator {
  readonly name: string;
  readonly role: AdminRole;
  /** The one tenant that this is about; all of them if not given. */
  readonly tenant?: string;
  /** The one team that this is about. */
  readonly team?: string;
}

/** The name of who has the key of the environment; nobody else can have it. */
export const ROOT = '@environment';

export interface AdministratorsOptions {
  /** The key of the environment; who has it is an owner. */
  readonly adminKey: string | undefined;
  readonly configured: () => GatewayConfig['admins'];
  readonly view: Pick<RegistryView, 'admins' | 'refresh' | 'reload'>;
  readonly groups: Pick<Groups, 'team'>;
}

/** Those who may use the admin API: who has the key of the environment, the configuration's, and those whom an owner made. */
export class Administrators {
  readonly #options: AdministratorsOptions;

  constructor(options: AdministratorsOptions) {
    this.#options = options;
  }

  /** @throws what the store throws where somebody unknown cannot be looked for */
  async find(secret: string): Promise<Administrator | undefined> {
    const { adminKey, view } = this.#options;
    const hash = hashSecret(secret);
    const has = (other: string): boolean => timingSafeEqual(Buffer.from(hash, 'hex'), Buffer.from(other, 'hex'));
    if (adminKey !== undefined && has(hashSecret(adminKey))) return { name: ROOT, role: 'owner' };
    const configured = this.configured().find((admin) => has(admin.hash));
    if (configured !== undefined) return this.#within(configured);
    // who was taken out elsewhere must not be let in by what this replica remembers, nor who was just made be refused by it
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
      ...(tenant === undefined ? {} : { tenant }),
      ...(team === undefined ? {} : { team }),
    }));
  }

  isConfigured(name: string): boolean {
    return this.#options.configured().some((admin) => admin.name === name);
  }

  /** Whose team is gone is about nothing any more; whose team is one tenant's is about that tenant. */
  #within({ name, role, tenant, team }: AdminRecord): Administrator | undefined {
    if (team === undefined) return role === 'team' ? undefined : { name, role, ...(tenant === undefined ? {} : { tenant }) };
    const record = this.#options.groups.team(team);
    if (record === undefined || (tenant !== undefined && record.tenant !== tenant)) return undefined;
    return { name, role, tenant: record.tenant, team };
  }
}
