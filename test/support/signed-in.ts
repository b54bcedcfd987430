import type { RequestHandler } from 'express';
import type { Administrator } from '../../services/gateway/src/control-plane/administrators.ts';
import { signIn } from '../../services/gateway/src/control-plane/permissions.ts';

/** Replaces the administrators' authentication in tests of a single router. */
export function signedIn(administrator: Administrator = { name: 'root', role: 'owner' }): RequestHandler {
  return (request, _response, next) => {
    signIn(request, administrator);
    next();
  };
}
