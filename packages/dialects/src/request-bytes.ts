import type { Span } from './json-scan.ts';

/** Allowed model names. A name is written to headers, logs and labels, and no provider has longer names. */
const MODEL_NAME = /^[\x21-\x7e](?:[\x20-\x7e]{0,254}[\x21-\x7e])?$/;

export const isModelName = (value: unknown): value is string => typeof value === 'string' && MODEL_NAME.test(value);

export interface Edit extends Span {
  readonly text: string;
}

/** Returns the bytes with some spans replaced. */
export function replaceSpans(bytes: Buffer, edits: readonly Edit[]): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    parts.push(bytes.subarray(at, edit.start), Buffer.from(edit.text));
    at = edit.end;
  }
  parts.push(bytes.subarray(at));
  return Buffer.concat(parts);
}
