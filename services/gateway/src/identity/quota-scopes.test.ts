import { describe, expect, it } from '@jest/globals';
import { checkConfig } from '@sluice/config';
import type { Caller, LlmCall } from '@sluice/core';
import type { TeamRecord, TenantRecord } from '@sluice/store/ports';
import { QuotaScopes } from './quota-scopes.ts';

const minute = (limit: number) => ({ limit, windowMs: 60_000 });
const requests = (limit: number) => ({ requests: [minute(limit)] });
const config = checkConfig(
  {
    tenants: { acme: { limits: { requests: '1/min' } } },
    teams: { web: { tenant: 'acme', limits: { requests: '2/min' } } },
    models: { fast: { targets: [{ provider: 'p', model: 'm' }], limits: { requests: '3/min' } } },
  },
  'test',
);

function setUp(stored: { teams?: TeamRecord[]; tenants?: TenantRecord[] } = {}) {
  const byName = <T extends { name: string }>(records: T[] = []) => new Map(records.map((record) => [record.name, record]));
  return new QuotaScopes({ teams: byName(stored.teams), tenants: byName(stored.tenants) }, config);
}

const callOf = (caller: Partial<Caller>, model = 'other', tags: Record<string, string> = {}): LlmCall =>
  ({
    context: { caller: { tenant: 'acme', keyName: 'app', limits: {}, ...caller } },
    preferences: { cache: {}, tags },
    message: { view: () => ({ model }) },
  }) as unknown as LlmCall;

describe('QuotaScopes', () => {
  it('returns the team, tenant, end user and model of a call that have limits', () => {
    const groups = setUp({ teams: [{ name: 'ops', tenant: 'acme', limits: {} }] });
    const of = (caller: Partial<Caller>, model?: string, tags?: Record<string, string>) =>
      groups.scopesFor(callOf(caller, model, tags)).map(({ kind, name, limits }) => [kind, name, limits.requests?.[0]?.limit]);
    expect(of({})).toEqual([['tenant', 'acme', 1]]);
    expect(of({ team: 'web' }, 'fast')).toEqual([
      ['team', 'web', 2],
      ['tenant', 'acme', 1],
      ['model', 'fast', 3],
    ]);
    expect(of({ team: 'ops' })).toEqual([['tenant', 'acme', 1]]);
    expect(of({ tenant: 'nobody' })).toEqual([]);
    expect(of({ tenant: 'nobody', users: requests(4) }, 'other', { user: 'alice' })).toEqual([['user', 'alice', 4]]);
    // a tag of the key overrides the call's, and a call without the tag still has a limit
    expect(of({ tenant: 'nobody', users: requests(4), tags: { user: 'bob' } }, 'other', { user: 'alice' })).toEqual([
      ['user', 'bob', 4],
    ]);
    expect(of({ tenant: 'nobody', users: requests(4) })).toEqual([['user', '', 4]]);
  });

  it('returns a single stored limit as a list, and the limits of a record that has replaced another', () => {
    const limitsOf = (limits: TeamRecord['limits']) =>
      setUp({ teams: [{ name: 'ops', tenant: 'nobody', limits }] })
        .scopesFor(callOf({ tenant: 'nobody', team: 'ops' }))
        .map((scope) => scope.limits);
    expect(limitsOf({ requests: minute(7), budget: { amount: 5, period: 'day' } })).toEqual([
      { requests: [minute(7)], budget: [{ amount: 5, period: 'day' }] },
    ]);
    expect(limitsOf(requests(8))).toEqual([requests(8)]);
    const teams = new Map([['ops', { name: 'ops', tenant: 'nobody', limits: { requests: minute(7) } }]]);
    const groups = new QuotaScopes({ teams, tenants: new Map() }, config);
    const limit = () => groups.scopesFor(callOf({ tenant: 'nobody', team: 'ops' }))[0]?.limits.requests;
    expect(limit()).toEqual([minute(7)]);
    teams.set('ops', { name: 'ops', tenant: 'nobody', limits: { requests: minute(9) } });
    expect(limit()).toEqual([minute(9)]);
  });

  it('prefers a configured group to a stored one of the same name', () => {
    const groups = setUp({ teams: [{ name: 'web', tenant: 'other', limits: requests(9) }] });
    expect(groups.team('web')).toMatchObject({ tenant: 'acme' });
    expect(groups.all('team').map(({ name, tenant }) => [name, tenant])).toEqual([['web', 'acme']]);
    groups.configure(checkConfig({}, 'test'));
    expect(groups.team('web')).toMatchObject({ tenant: 'other' });
  });

  it('admits a principal only if its team exists, belongs to its tenant and is not blocked', () => {
    const groups = setUp({
      teams: [
        { name: 'ops', tenant: 'acme', limits: {} },
        { name: 'shut', tenant: 'acme', limits: {}, blockedAtMs: 1 },
        { name: 'theirs', tenant: 'other', limits: {} },
      ],
      tenants: [{ name: 'gone', limits: {}, blockedAtMs: 1 }],
    });
    const admit = (tenant: string, team?: string) => groups.admit({ tenant, ...(team === undefined ? {} : { team }) });
    expect([admit('acme'), admit('acme', 'web'), admit('acme', 'ops'), admit('unknown')]).toEqual([true, true, true, true]);
    expect([admit('acme', 'nobody'), admit('acme', 'shut'), admit('acme', 'theirs'), admit('gone')]).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});
