import { createHash, timingSafeEqual } from 'node:crypto';
import type { Attempts } from '@sluice/store/ports';
import type { RequestHandler } from 'express';
import { AdminError } from './admin-error.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Lets the administrator in and nobody else. Failures are limited by address, over all replicas; who has the key is let in all the same.
 *
 * @param adminKey without one nobody is let in
 */
export function adminAccess(adminKey: string | undefined, failures: Attempts): RequestHandler {
  const expected = adminKey === undefined ? undefined : digest(adminKey);
  return async (request, _response, next) => {
    const given = /^bearer +(.*)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    // digests are of one length, so that comparing them tells nothing of the key's
    if (expected !== undefined && timingSafeEqual(digest(given), expected)) {
      next();
      return;
    }
    const { allowed, retryAfterMs } = await failures.count(request.socket.remoteAddress ?? 'unknown');
    if (!allowed) throw new AdminError(429, 'rate_limit_exceeded', 'Too many failed sign-ins from this address.', retryAfterMs);
    throw new AdminError(401, 'invalid_api_key', 'The admin API wants "Authorization: Bearer" and the admin key.');
  };
}
