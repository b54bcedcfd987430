/** What a body is by its first bytes: a stream of events, one JSON value, a list of JSON values, or anything else. */
export type BodyKind = 'events' | 'object' | 'list' | 'other';

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const OPEN_OBJECT = 0x7b;
const OPEN_LIST = 0x5b;
/** How a stream of events begins: with a field or with a comment (WHATWG HTML, section 9.2.6). */
const FIELDS = ['data:', 'event:', 'id:', 'retry:', ':'];

/** Tells a body by its first bytes, whatever its content type says; undefined where more have to come. */
export function bodyKind(first: Buffer): BodyKind | undefined {
  let at = 0;
  while (at < first.length && isBlank(first[at] as number)) at++;
  if (at === first.length) return undefined;
  if (first[at] === OPEN_OBJECT) return 'object';
  if (first[at] === OPEN_LIST) return 'list';
  const text = first.toString('latin1', at, at + 8);
  if (FIELDS.some((field) => text.startsWith(field))) return 'events';
  return FIELDS.some((field) => field.startsWith(text)) ? undefined : 'other';
}

/** The first bytes without a byte order mark: JSON and events have none, and what reads them does not expect one. */
export const withoutBom = (first: Buffer): Buffer =>
  first.subarray(0, BOM.length).equals(BOM) ? first.subarray(BOM.length) : first;

/** Whether the first bytes may still turn out to be a byte order mark. */
export const isPartOfBom = (first: Buffer): boolean => first.length < BOM.length && first.equals(BOM.subarray(0, first.length));

const isBlank = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/** Whether a content type is of this media type. Media types are case-insensitive (RFC 9110, section 8.3.1). */
export const isType = (contentType: string, mediaType: string): boolean =>
  contentType.slice(0, mediaType.length).toLowerCase() === mediaType;
