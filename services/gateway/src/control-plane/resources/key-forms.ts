import { type Clock, defined } from '@sluice/core';
import type { KeyRecord, TeamRecord } from '@sluice/store/ports';
import type { z } from 'zod';
import { hashSecret } from '../../identity/key-cache.ts';
import { keyTerms, withBudget } from '../../identity/key-terms.ts';
import type { QuotaScopes } from '../../identity/quota-scopes.ts';
import { type AdminError, invalid } from '../admin-error.ts';
import type { Administrator } from '../administrators.ts';
import type { keySchemas } from '../schemas/key-schemas.ts';
import { patched, patchedLimits } from './limits-patch.ts';
import { newSecret } from './new-secret.ts';
import type { CreatedRecord, Edit } from './resource-definition.ts';
import { findOwn } from './tenant-names.ts';

type NewKey = z.output<typeof keySchemas.create>;
type KeyPatch = z.output<typeof keySchemas.patch>;

/** Converts the bodies of requests to key records. */
export class KeyForms {
  readonly #groups: Pick<QuotaScopes, 'team'>;
  readonly #clock: Clock;

  constructor(groups: Pick<QuotaScopes, 'team'>, clock: Clock) {
    this.#groups = groups;
    this.#clock = clock;
  }

  /** Returns a new key with its secret. @throws AdminError 400 for a wrong team or tenant */
  async make(stored: string, body: NewKey, administrator: Administrator): Promise<CreatedRecord<KeyRecord>> {
    const { name: _plain, expiresAt, team: asked, tenant, ...terms } = body;
    const team = asked === undefined ? undefined : await this.#teamOf(administrator, asked);
    if (team !== undefined && tenant !== undefined && tenant !== team.tenant) throw otherTenant(team);
    const secret = newSecret('sk-sluice-');
    const record: KeyRecord = {
      name: stored,
      hash: hashSecret(secret),
      tenant: team?.tenant ?? tenant ?? stored,
      ...defined({ team: team?.name }),
      createdAtMs: this.#clock.now(),
      ...defined({ expiresAtMs: expiresAt === undefined ? undefined : Date.parse(expiresAt) }),
      ...keyTerms(terms),
    };
    return { record, secret };
  }

  /** Returns the edit of a patch. @throws AdminError 400 for a wrong team; the edit too, for the team of another tenant */
  async edit(body: KeyPatch, administrator: Administrator): Promise<Edit<KeyRecord>> {
    const { limits, budget, users, expiresAt, team: asked, ...patch } = body;
    const team = typeof asked === 'string' ? await this.#teamOf(administrator, asked) : undefined;
    return (before) => {
      if (team !== undefined && team.tenant !== before.tenant) throw otherTenant(team);
      return {
        ...patched(before, {
          ...patch,
          team: team?.name ?? asked,
          expiresAtMs: typeof expiresAt === 'string' ? Date.parse(expiresAt) : expiresAt,
          users: users === undefined || users === null ? users : withBudget(users),
        }),
        limits: patchedLimits(before.limits, limits, budget),
      };
    };
  }

  /** Returns a team by its plain or its stored name. Another tenant's team counts as missing. */
  async #teamOf({ tenant }: Administrator, team: string): Promise<TeamRecord> {
    const isOwn = (record: TeamRecord): boolean => tenant === undefined || record.tenant === tenant;
    const known = await findOwn({ tenant }, team, (name) => this.#groups.team(name), isOwn);
    if (known === undefined) throw invalid('team', `there is no team '${team}'`);
    return known;
  }
}

const otherTenant = ({ name, tenant }: TeamRecord): AdminError =>
  invalid('tenant', `expected '${tenant}', the tenant of the team '${name}'`);
