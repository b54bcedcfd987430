import type { DialectName } from '@sluice/core';

/**
 * Origin of a signature. A provider accepts only signatures and encrypted reasoning that it created, and refuses a request with
 * another provider's. For a client of another dialect, the gateway tags each value with its origin. The next turn returns it to
 * its origin and omits it for other providers. `unsigned` tags a value that needs a signature in the client's dialect and has
 * none.
 */
export type Origin = DialectName | 'unsigned';

const ORIGINS: readonly Origin[] = [
  'openai-chat',
  'openai-responses',
  'anthropic-messages',
  'gemini',
  'bedrock-converse',
  'unsigned',
];

/** A value without its mark. */
export interface Marked {
  readonly origin: Origin;
  readonly data: string;
}

/** Returns the fixed base64 characters at the beginning of a marked value: three bytes are four characters. */
const base64Start = (mark: string): string =>
  Buffer.from(mark)
    .toString('base64')
    .slice(0, Math.floor((Buffer.byteLength(mark) * 8) / 6));

const MARKS = ORIGINS.map((origin) => ({ origin, mark: `${origin}:`, base64: base64Start(`${origin}:`) }));

/** Byte patterns of a JSON string that begins with a mark. */
const NEEDLES: readonly Buffer[] = MARKS.flatMap(({ mark, base64 }) => [Buffer.from(`"${mark}`), Buffer.from(`"${base64}`)]);

/** Reads a mark, plain or in base64; returns undefined for a value without one. */
export function readMark(value: string): Marked | undefined {
  for (const { origin, mark, base64 } of MARKS) {
    if (value.startsWith(mark)) return { origin, data: value.slice(mark.length) };
    if (!value.startsWith(base64)) continue;
    const text = Buffer.from(value, 'base64').toString('utf8');
    if (text.startsWith(mark)) return { origin, data: text.slice(mark.length) };
  }
  return undefined;
}

/** Returns whether a JSON text may contain a mark. A few native searches cost a fraction of a parse. */
export const mayHoldMarks = (bytes: Buffer): boolean => NEEDLES.some((needle) => bytes.includes(needle));

/**
 * Marks a provider's value with its dialect; returns undefined for an empty or unsigned value. A marked value keeps its mark.
 */
export function tagSignature(origin: DialectName, data: string | undefined): string | undefined {
  if (data === undefined || data === '') return undefined;
  const marked = readMark(data);
  if (marked === undefined) return `${origin}:${data}`;
  return marked.origin === 'unsigned' ? undefined : `${marked.origin}:${marked.data}`;
}

/**
 * Returns a value that a provider of this dialect created; undefined for another provider's value. A value without a mark is
 * the client's own.
 */
export function untagSignature(reader: DialectName, sealed: string): string | undefined {
  const marked = readMark(sealed);
  if (marked === undefined) return sealed;
  return marked.origin === reader ? marked.data : undefined;
}

/** Returns a value for a client: plain in its own dialect, marked in every other. */
export const untagOwnSignature = (own: DialectName, sealed: string): string => untagSignature(own, sealed) ?? sealed;

/** Returns a value for a client with an SDK that decodes base64 (Gemini's `thoughtSignature` is bytes). */
export function unsealAsBytes(own: DialectName, sealed: string): string {
  return untagSignature(own, sealed) ?? Buffer.from(sealed).toString('base64');
}

/** Placeholder for a signature that the client's dialect requires and the provider did not create. */
export const UNSIGNED = 'unsigned:';

/**
 * Placeholder for Google's signature of a call that another provider's model made. Source: Google's documentation, "Thought
 * signatures".
 */
export const SKIP_SIGNATURE = 'skip_thought_signature_validator';
