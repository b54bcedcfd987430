import { hash } from 'node:crypto';
import type { Request, Response } from 'express';
import { AdminError, invalid } from './admin-error.ts';

/** Returns the strong entity tag of a record's version. Different records have different tags. */
export const etagOf = (record: object): string => `"${hash('sha256', JSON.stringify(record), 'base64url').slice(0, 22)}"`;

export function sendVersion(response: Response, record: object): Response {
  return response.setHeader('etag', etagOf(record));
}

/** One element of a list of entity tags, which may be empty (RFC 9110, sections 5.6.1 and 8.8.3). */
const ELEMENT = /[ \t]*(?:((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(?:,|$)/y;

/**
 * Reads `If-Match`: `*`, or a list of entity tags.
 *
 * @throws AdminError 400 for anything else
 */
export function entityTagsOf(header: string): '*' | string[] {
  const text = header.trim();
  if (text === '*') return '*';
  const tags: string[] = [];
  ELEMENT.lastIndex = 0;
  while (ELEMENT.lastIndex < text.length) {
    const [, tag] = ELEMENT.exec(text) ?? malformed();
    if (tag !== undefined) tags.push(tag);
  }
  return tags.length === 0 ? malformed() : tags;
}

function malformed(): never {
  throw invalid('if-match', 'expected * or entity tags such as "abc", "def"');
}

/**
 * Checks that a change applies to the version in `If-Match` (RFC 9110, section 13.1.1). A request without the header applies to
 * any version. The comparison is the strong one: a weak tag (`W/"…"`) matches nothing.
 *
 * @throws AdminError 400, 412
 */
export function requireVersion(request: Request, record: object): void {
  const header = request.headers['if-match'];
  if (header === undefined) return;
  const tags = entityTagsOf(header);
  if (tags === '*' || tags.includes(etagOf(record))) return;
  const weak = tags.some((tag) => tag.startsWith('W/'));
  throw new AdminError(
    412,
    'precondition_failed',
    `The record has changed since it was read (If-Match names another version). Read it again, and repeat the change.${weak ? ' A weak tag (W/) matches no version: send the tag without W/.' : ''}`,
  );
}
