import type { SignInAttempts } from '@sluice/store/ports';
import type { RequestHandler } from 'express';
import { AdminError } from './admin-error.ts';
import type { Administrators } from './administrators.ts';
import { administratorOf, signIn } from './permissions.ts';

/**
 * Authenticates administrators by their key and refuses all other requests. Failed attempts are rate limited by address, over
 * all replicas. A valid key is accepted even if the address has reached that limit.
 */
export function adminAccess(administrators: Pick<Administrators, 'find'>, failures: SignInAttempts): RequestHandler {
  return async (request, _response, next) => {
    const secret = /^bearer +(.*)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const administrator = secret === '' ? undefined : await administrators.find(secret);
    if (administrator !== undefined) {
      signIn(request, administrator);
      next();
      return;
    }
    const { allowed, retryAfterMs } = await failures.count(request.socket.remoteAddress ?? 'unknown');
    if (!allowed) {
      throw new AdminError(429, 'rate_limit_exceeded', 'Too many failed sign-ins from this address.', { retryAfterMs });
    }
    administratorOf(request);
  };
}
