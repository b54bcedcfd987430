/** A stream of events, a JSON object, a JSON list, or anything else. */
export type BodyKind = 'events' | 'object' | 'list' | 'other';

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const OPEN_OBJECT = 0x7b;
const OPEN_LIST = 0x5b;
/** A stream of events begins with a field or a comment (WHATWG HTML, section 9.2.6). */
const FIELDS = ['data:', 'event:', 'id:', 'retry:', ':'];

/** Detects the kind of a body by its first bytes, regardless of its content type; undefined if more bytes are needed. */
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

/** Removes a byte order mark, which parsers of JSON and events do not expect. */
export const withoutBom = (first: Buffer): Buffer =>
  first.subarray(0, BOM.length).equals(BOM) ? first.subarray(BOM.length) : first;

/** Tests whether more bytes are needed to detect a byte order mark. */
export const isPartOfBom = (first: Buffer): boolean => first.length < BOM.length && first.equals(BOM.subarray(0, first.length));

const isBlank = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/** Tests a content type for a media type. Media types are case-insensitive (RFC 9110, section 8.3.1). */
export const isType = (contentType: string, mediaType: string): boolean =>
  contentType.slice(0, mediaType.length).toLowerCase() === mediaType;
