import type { AdminRole } from '@sluice/store/ports';
import type { Request } from 'express';
import { AdminError } from './admin-error.ts';
import type { Administrator } from './administrators.ts';

/** What a role may be allowed: to read, and to change what the word names. */
export type Permission = 'read' | 'keys' | 'cache' | 'teams' | 'tenants' | 'admins' | 'config';

const GRANTED: Readonly<Record<AdminRole, readonly Permission[]>> = {
  owner: ['read', 'keys', 'cache', 'teams', 'tenants', 'admins', 'config'],
  operator: ['read', 'keys', 'cache', 'teams'],
  team: ['read', 'keys'],
  viewer: ['read'],
};

/** Whom something is of. */
export interface Scope {
  readonly tenant?: string | undefined;
  readonly team?: string | undefined;
}

const signedIn = new WeakMap<Request, Administrator>();

/** Says who makes a request. Only the sign-in may. */
export function signIn(request: Request, administrator: Administrator): void {
  signedIn.set(request, administrator);
}

/** @throws AdminError 401 where nobody is signed in, whatever stood before the handler */
export function administratorOf(request: Request): Administrator {
  const administrator = signedIn.get(request);
  if (administrator === undefined) {
    throw new AdminError(401, 'invalid_api_key', 'The admin API wants "Authorization: Bearer" and an administrator\'s key.');
  }
  return administrator;
}

/**
 * Who makes a request, if the role allows it. Each handler asks by itself.
 *
 * @throws AdminError 401, 403
 */
export function permit(request: Request, permission: Permission): Administrator {
  const administrator = administratorOf(request);
  if (!GRANTED[administrator.role].includes(permission)) {
    throw new AdminError(403, 'forbidden', `The role '${administrator.role}' does not allow this.`);
  }
  return administrator;
}

/** The same for what is about all tenants at once. */
export function permitForAll(request: Request, permission: Permission): Administrator {
  const administrator = permit(request, permission);
  if (administrator.tenant !== undefined) {
    throw new AdminError(403, 'forbidden', 'This is about all tenants, and the key is for one.');
  }
  return administrator;
}

/** The same for what a tenant's teams have in common: nobody who is there for one of them changes what holds for it, or touches what is the others' too. */
export function permitBeyondTeam(request: Request, permission: Permission): Administrator {
  const administrator = permit(request, permission);
  if (administrator.team !== undefined) {
    throw new AdminError(
      403,
      'forbidden',
      `This is not the team's own, and the key is for the team '${administrator.team}' alone.`,
    );
  }
  return administrator;
}

/** Whether something is within what an administrator is there for. */
export const within = (administrator: Scope, { tenant, team }: Scope): boolean =>
  (administrator.tenant === undefined || administrator.tenant === tenant) &&
  (administrator.team === undefined || administrator.team === team);

/**
 * The tenant and team that a request is about: the administrator's own, where it has one, whatever the request says.
 *
 * @throws AdminError 403 where the request names another
 */
export function scoped<Asked extends Scope>(administrator: Administrator, asked: Asked): Asked & Scope {
  for (const part of ['tenant', 'team'] as const) {
    if (administrator[part] !== undefined && asked[part] !== undefined && asked[part] !== administrator[part]) {
      throw new AdminError(403, 'forbidden', `${part}: the key is for '${administrator[part]}' alone.`, { field: part });
    }
  }
  const { tenant, team } = administrator;
  return { ...asked, ...(tenant === undefined ? {} : { tenant }), ...(team === undefined ? {} : { team }) };
}
