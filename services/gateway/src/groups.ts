import type { GatewayConfig } from '@sluice/config';
import type { Caller, Limits } from '@sluice/core';
import type { CallerGroup } from '@sluice/proxies';

type Shared = GatewayConfig['tenants'][string];

const limitsOf = ({ limits, budget }: Shared): Limits => (budget === undefined ? limits : { ...limits, budget });

/** The groups of a configuration that have limits, by kind and name. */
export function allGroups(config: Pick<GatewayConfig, 'teams' | 'tenants'>): (CallerGroup & { readonly tenant: string })[] {
  return [
    ...Object.entries(config.teams).map(([name, team]) => ({
      kind: 'team' as const,
      name,
      tenant: team.tenant,
      limits: limitsOf(team),
    })),
    ...Object.entries(config.tenants).map(([name, one]) => ({
      kind: 'tenant' as const,
      name,
      tenant: name,
      limits: limitsOf(one),
    })),
  ];
}

/** What a caller's team and tenant may use together, as the configuration has it now. */
export function groupsOf(config: Pick<GatewayConfig, 'teams' | 'tenants'>): (caller: Caller) => readonly CallerGroup[] {
  const groups = allGroups(config);
  const teams = new Map(groups.filter(({ kind }) => kind === 'team').map((group) => [group.name, group]));
  const tenants = new Map(groups.filter(({ kind }) => kind === 'tenant').map((group) => [group.name, group]));
  if (groups.length === 0) return () => [];
  return ({ team, tenant }) => {
    // a team of another tenant's is none of this key's, whatever its record says
    const own = team === undefined ? undefined : teams.get(team);
    return [own?.tenant === tenant ? own : undefined, tenants.get(tenant)].filter((group) => group !== undefined);
  };
}
