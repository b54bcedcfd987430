import { boundedLimits, type GatewayConfig } from '@sluice/config';
import { type Caller, effectiveTags, type LimitSettings, type Limits, type LlmCall } from '@sluice/core';
import type { QuotaScope } from '@sluice/proxies';
import type { SharedLimits, TeamRecord, TenantRecord } from '@sluice/store/ports';
import { withBudget } from './key-terms.ts';
import type { RegistryView } from './registry-view.ts';

type Groupings = Pick<GatewayConfig, 'teams' | 'tenants' | 'models'>;

const NONE: readonly QuotaScope[] = [];

const isEmpty = (limits: Limits): boolean => Object.values(limits).every((limit) => limit === undefined);

/**
 * Teams and tenants of the configuration and the registry combined. If both have the same name, the configuration takes
 * precedence.
 */
export class QuotaScopes {
  readonly #view: Pick<RegistryView, 'teams' | 'tenants'>;
  #teams: ReadonlyMap<string, TeamRecord> = new Map();
  #tenants: ReadonlyMap<string, TenantRecord> = new Map();
  #models: ReadonlyMap<string, QuotaScope> = new Map();
  /** Limits by record, so that a call does not bring them into their form again. Undefined for a record without limits. */
  readonly #limits = new WeakMap<SharedLimits, Limits | undefined>();

  constructor(view: Pick<RegistryView, 'teams' | 'tenants'>, config: Groupings) {
    this.#view = view;
    this.configure(config);
  }

  /** Replaces the configured groups by those of another configuration. */
  configure({ teams, tenants, models }: Groupings): void {
    const named = <T>(records: Readonly<Record<string, T>>) =>
      new Map(Object.entries(records).map(([name, record]) => [name, { ...record, name }]));
    const record = <T extends { limits: LimitSettings; budget?: unknown }>({ budget: _, ...one }: T, limits: LimitSettings) => ({
      ...one,
      limits,
    });
    this.#teams = new Map([...named(teams)].map(([name, team]) => [name, record(team, withBudget(team)) as TeamRecord]));
    this.#tenants = new Map([...named(tenants)].map(([name, one]) => [name, record(one, withBudget(one)) as TenantRecord]));
    this.#models = new Map(
      Object.entries(models)
        .map(([name, model]) => [name, { kind: 'model', name, limits: boundedLimits(withBudget(model)) }] as const)
        .filter(([, { limits }]) => !isEmpty(limits)),
    );
  }

  team(name: string): TeamRecord | undefined {
    return this.#teams.get(name) ?? this.#view.teams.get(name);
  }

  tenant(name: string): TenantRecord | undefined {
    return this.#tenants.get(name) ?? this.#view.tenants.get(name);
  }

  /** Returns all groups of a kind, sorted by name. */
  all(kind: 'team'): TeamRecord[];
  all(kind: 'team' | 'tenant'): (TeamRecord | TenantRecord)[];
  all(kind: 'team' | 'tenant'): (TeamRecord | TenantRecord)[] {
    const [configured, stored] = kind === 'team' ? [this.#teams, this.#view.teams] : [this.#tenants, this.#view.tenants];
    return [...new Map<string, TeamRecord | TenantRecord>([...stored, ...configured]).values()].sort((a, b) =>
      a.name < b.name ? -1 : 1,
    );
  }

  isConfigured(kind: 'team' | 'tenant', name: string): boolean {
    return (kind === 'team' ? this.#teams : this.#tenants).has(name);
  }

  /**
   * Returns whether a principal's team and tenant admit it. Neither may be blocked. The team must exist: without it, the team's
   * limits would not apply. The team must belong to the principal's tenant, whatever the record contains.
   */
  admit({ team, tenant }: Pick<Caller, 'team' | 'tenant'>): boolean {
    if (this.tenant(tenant)?.blockedAtMs !== undefined) return false;
    if (team === undefined) return true;
    const own = this.team(team);
    return own !== undefined && own.tenant === tenant && own.blockedAtMs === undefined;
  }

  /** Returns the quota scopes of a call that have limits. */
  scopesFor(call: LlmCall): readonly QuotaScope[] {
    const { caller } = call.context;
    if (caller === undefined) return NONE;
    const found: QuotaScope[] = [];
    const add = (kind: QuotaScope['kind'], name: string, record: SharedLimits | undefined): void => {
      const limits = record === undefined ? undefined : this.#limitsOf(record);
      if (limits !== undefined) found.push({ kind, name, limits });
    };
    // calls without a user tag share one user's limit, so that omitting the tag does not bypass it
    if (caller.users !== undefined && !isEmpty(caller.users)) {
      found.push({ kind: 'user', name: effectiveTags(call)['user'] ?? '', key: caller.keyName, limits: caller.users });
    }
    if (caller.team !== undefined) add('team', caller.team, this.team(caller.team));
    add('tenant', caller.tenant, this.tenant(caller.tenant));
    if (this.#models.size > 0) {
      const model = this.#models.get(call.message.view().model);
      if (model !== undefined) found.push(model);
    }
    return found;
  }

  #limitsOf(record: SharedLimits): Limits | undefined {
    if (this.#limits.has(record)) return this.#limits.get(record);
    const limits = boundedLimits(record.limits);
    const enforced = isEmpty(limits) ? undefined : limits;
    this.#limits.set(record, enforced);
    return enforced;
  }
}
