import { hash } from 'node:crypto';
import type { Request, Response } from 'express';
import { AdminError } from './admin-error.ts';

/** A record's version: another record has another one. */
export const etagOf = (record: object): string => `"${hash('sha256', JSON.stringify(record), 'base64url').slice(0, 22)}"`;

export function sendVersion(response: Response, record: object): Response {
  return response.setHeader('etag', etagOf(record));
}

/**
 * Holds a change to the version that it is meant for (RFC 9110, section 13.1.1). A request without `If-Match` is meant for any.
 *
 * @throws AdminError 412
 */
export function requireVersion(request: Request, record: object): void {
  const wanted = request.headers['if-match'];
  if (wanted === undefined || wanted.trim() === '*') return;
  if (wanted.split(',').some((one) => one.trim() === etagOf(record))) return;
  throw new AdminError(
    412,
    'precondition_failed',
    'It was changed since it was read (If-Match names another version): read it again, and change that.',
  );
}
