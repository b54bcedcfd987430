import type { RequestHandler } from 'express';
import type { Administrator } from '../../services/gateway/src/control-plane/administrators.ts';
import { signIn } from '../../services/gateway/src/control-plane/permissions.ts';

/** Stands in for the sign-in, in tests of one router. */
export function signedIn(administrator: Administrator = { name: 'root', role: 'owner' }): RequestHandler {
  return (request, _response, next) => {
    signIn(request, administrator);
    next();
  };
}
