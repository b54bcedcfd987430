import { defined } from '@sluice/core';
import type { AdminRole } from '@sluice/store/ports';
import type { Request } from 'express';
import { AdminError } from './admin-error.ts';
import type { Administrator } from './administrators.ts';

/** Permissions of a role: to read, or to change the named kind of record. */
export type Permission = 'read' | 'keys' | 'cache' | 'teams' | 'tenants' | 'admins' | 'config';

const GRANTED: Readonly<Record<AdminRole, readonly Permission[]>> = {
  owner: ['read', 'keys', 'cache', 'teams', 'tenants', 'admins', 'config'],
  operator: ['read', 'keys', 'cache', 'teams'],
  team: ['read', 'keys'],
  viewer: ['read'],
};

/** The tenant and team that a record belongs to. */
export interface Scope {
  readonly tenant?: string | undefined;
  readonly team?: string | undefined;
}

const signedIn = new WeakMap<Request, Administrator>();

/** Records the administrator of a request. Only the authentication may call this. */
export function signIn(request: Request, administrator: Administrator): void {
  signedIn.set(request, administrator);
}

/**
 * Returns the administrator of a request. @throws AdminError 401 if the request is not authenticated, whatever middleware ran
 * before
 */
export function administratorOf(request: Request): Administrator {
  const administrator = signedIn.get(request);
  if (administrator === undefined) {
    throw new AdminError(401, 'invalid_api_key', 'The admin API requires "Authorization: Bearer" with an administrator\'s key.');
  }
  return administrator;
}

/**
 * Returns the administrator of a request if the role has the permission. Each handler calls this itself.
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

/** Like `permit`, for actions that concern all tenants. */
export function permitForAll(request: Request, permission: Permission): Administrator {
  const administrator = permit(request, permission);
  if (administrator.tenant !== undefined) {
    throw new AdminError(
      403,
      'forbidden',
      'This endpoint requires access to all tenants. Use a key that is not restricted to one tenant.',
    );
  }
  return administrator;
}

/**
 * Like `permit`, for actions beyond one team. An administrator of one team cannot change the team's own limits, or anything
 * that several teams share.
 */
export function permitBeyondTeam(request: Request, permission: Permission): Administrator {
  const administrator = permit(request, permission);
  if (administrator.team !== undefined) {
    throw new AdminError(
      403,
      'forbidden',
      `This endpoint requires access beyond one team, but the key is restricted to the team '${administrator.team}'.`,
    );
  }
  return administrator;
}

/** Returns whether a record is within an administrator's scope. */
export const within = (administrator: Scope, { tenant, team }: Scope): boolean =>
  (administrator.tenant === undefined || administrator.tenant === tenant) &&
  (administrator.team === undefined || administrator.team === team);

/**
 * Returns the tenant and team of a request. An administrator's own tenant and team take precedence.
 *
 * @throws AdminError 403 if the request names another tenant or team
 */
export function scoped<UpstreamRequestInfo extends Scope>(
  administrator: Administrator,
  asked: UpstreamRequestInfo,
): UpstreamRequestInfo & Scope {
  for (const part of ['tenant', 'team'] as const) {
    if (administrator[part] !== undefined && asked[part] !== undefined && asked[part] !== administrator[part]) {
      throw new AdminError(403, 'forbidden', `${part}: the key is restricted to '${administrator[part]}'.`, { field: part });
    }
  }
  const { tenant, team } = administrator;
  return { ...asked, ...defined({ tenant, team }) };
}
