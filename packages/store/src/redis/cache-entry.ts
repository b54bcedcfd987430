import type { CacheEntry } from '../ports/index.ts';

const LF = 0x0a;

/** The stored form of an entry: one line of JSON with its fields, then the bytes of the response. */
export function encodeEntry(entry: CacheEntry): Buffer {
  const { body, ...head } = entry;
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]);
}

/** Undefined for what this version did not write. */
export function decodeEntry(value: Buffer): CacheEntry | undefined {
  const line = value.indexOf(LF);
  if (line === -1) return undefined;
  try {
    const head = JSON.parse(value.toString('utf8', 0, line)) as Omit<CacheEntry, 'body'>;
    return typeof head.expiresAtMs === 'number' ? { ...head, body: value.subarray(line + 1) } : undefined;
  } catch {
    return undefined;
  }
}
