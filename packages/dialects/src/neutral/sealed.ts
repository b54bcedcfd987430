import type { DialectName } from '@sluice/core';

/**
 * A provider accepts signatures and encrypted reasoning that it made itself, and refuses a request that has another provider's. On their way
 * through a caller of another dialect they carry the name of their origin, so that the next turn returns them to their origin and omits them
 * elsewhere. `unsigned` marks what needs a signature in the caller's dialect and has none.
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

/** The characters by which base64 of a mark begins, whatever follows it: three bytes are four characters. */
const base64Start = (mark: string): string =>
  Buffer.from(mark)
    .toString('base64')
    .slice(0, Math.floor((Buffer.byteLength(mark) * 8) / 6));

const MARKS = ORIGINS.map((origin) => ({ origin, mark: `${origin}:`, base64: base64Start(`${origin}:`) }));

/** How a JSON text shows that a string in it begins with a mark. */
const NEEDLES: readonly Buffer[] = MARKS.flatMap(({ mark, base64 }) => [Buffer.from(`"${mark}`), Buffer.from(`"${base64}`)]);

/** Reads a mark, plain or in base64; undefined for a value without one. */
export function readMark(value: string): Marked | undefined {
  for (const { origin, mark, base64 } of MARKS) {
    if (value.startsWith(mark)) return { origin, data: value.slice(mark.length) };
    if (!value.startsWith(base64)) continue;
    const text = Buffer.from(value, 'base64').toString('utf8');
    if (text.startsWith(mark)) return { origin, data: text.slice(mark.length) };
  }
  return undefined;
}

/** Returns whether a JSON text may hold a mark: a few native searches, which cost a fraction of a parse. */
export const mayHoldMarks = (bytes: Buffer): boolean => NEEDLES.some((needle) => bytes.includes(needle));

/** Marks what a provider of a dialect returned; undefined for what is empty or unsigned. A value that has a mark keeps it. */
export function seal(origin: DialectName, data: string | undefined): string | undefined {
  if (data === undefined || data === '') return undefined;
  const marked = readMark(data);
  if (marked === undefined) return `${origin}:${data}`;
  return marked.origin === 'unsigned' ? undefined : `${marked.origin}:${marked.data}`;
}

/** Returns what a provider of this dialect made; undefined for what another made. A value without a mark is the caller's own. */
export function unseal(reader: DialectName, sealed: string): string | undefined {
  const marked = readMark(sealed);
  if (marked === undefined) return sealed;
  return marked.origin === reader ? marked.data : undefined;
}

/** Writes a value for a caller: plain in its own dialect, with the mark in every other. */
export const unsealOwn = (own: DialectName, sealed: string): string => unseal(own, sealed) ?? sealed;

/** Writes a value for a caller whose SDK decodes base64 (Gemini's `thoughtSignature` is bytes). */
export function unsealAsBytes(own: DialectName, sealed: string): string {
  return unseal(own, sealed) ?? Buffer.from(sealed).toString('base64');
}

/** What stands for a signature that the caller's dialect has a field for and the provider did not make. */
export const UNSIGNED = 'unsigned:';

/** What stands for Google's signature of a call that another provider's model made. Source: Google's documentation, "Thought signatures". */
export const SKIP_SIGNATURE = 'skip_thought_signature_validator';
