import { describe, expect, it } from '@jest/globals';
import type { Request } from 'express';
import fc from 'fast-check';
import type { Administrator } from './administrators.ts';
import { administratorOf, type Permission, permit, permitForAll, scoped, signIn, within } from './permissions.ts';

const requestOf = (administrator: Administrator): Request => {
  const request = {} as Request;
  signIn(request, administrator);
  return request;
};

const ALL: readonly Permission[] = ['read', 'keys', 'cache', 'teams', 'tenants', 'admins', 'config'];
const allowed = (administrator: Administrator): Permission[] =>
  ALL.filter((permission) => {
    try {
      return permit(requestOf(administrator), permission) === administrator;
    } catch {
      return false;
    }
  });

describe('permissions', () => {
  it.each([
    ['owner', ALL],
    ['operator', ['read', 'keys', 'cache', 'teams']],
    ['team', ['read', 'keys']],
    ['viewer', ['read']],
  ] as const)('grants the role %s exactly the permissions %j', (role, granted) => {
    expect(allowed({ name: 'a', role })).toEqual(granted);
  });

  it('refuses a request that is not signed in, whatever middleware ran before', () => {
    const request = { headers: { authorization: 'Bearer x' } } as Request;
    for (const check of [administratorOf, (one: Request) => permit(one, 'read'), (one: Request) => permitForAll(one, 'read')]) {
      expect(() => check(request)).toThrow(expect.objectContaining({ status: 401 }));
    }
  });

  it('refuses an action on all tenants to an administrator of one tenant', () => {
    expect(() => permitForAll(requestOf({ name: 'a', role: 'owner', tenant: 't' }), 'read')).toThrow(/access to all tenants/);
    expect(permitForAll(requestOf({ name: 'a', role: 'viewer' }), 'read')).toBeDefined();
  });

  it("never exceeds an administrator's own tenant and team, whatever a request asks for", () => {
    const part = fc.constantFrom(undefined, 'a', 'b');
    const scope = fc.record({ tenant: part, team: part });
    fc.assert(
      fc.property(scope, scope, scope, (own, asked, record) => {
        const administrator = { name: 'x', role: 'viewer', ...own } as Administrator;
        let query: ReturnType<typeof scoped>;
        try {
          query = scoped(administrator, asked);
        } catch (error) {
          // a request is refused only if it names another scope
          expect(error).toMatchObject({ status: 403 });
          expect(within(own, { tenant: asked.tenant ?? own.tenant, team: asked.team ?? own.team })).toBe(false);
          return;
        }
        if (within(query, record)) expect(within(own, record)).toBe(true);
      }),
    );
  });
});
