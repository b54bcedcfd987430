import { promisify } from 'node:util';
import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import type { CacheEntry } from '../ports/index.ts';

const LF = 0x0a;
/** Responses from this size on are compressed, in bytes: below it, the time costs more than the memory. */
const COMPRESSED_FROM_BYTES = 4_096;
/** Longer responses are compressed on another thread, which takes longer but blocks no other call, in bytes. */
const BLOCKING_BYTES = 65_536;
/** The fastest level that finds repeated words. */
const OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** No entry is longer: a damaged one must not fill the memory. */
const LIMITS = { maxOutputLength: 256 * 1024 * 1024 };

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

type Head = Omit<CacheEntry, 'body'>;
interface StoredHead extends Head {
  /** The compression of the body. */
  readonly encoding?: 'zstd';
}

/**
 * Returns the stored form of an entry: one line of JSON with its fields, then the bytes of the response, which are compressed if
 * that makes them shorter.
 */
export async function encodeEntry({ body, ...head }: CacheEntry): Promise<Buffer> {
  if (body.length >= COMPRESSED_FROM_BYTES) {
    const compressed = body.length <= BLOCKING_BYTES ? zstdCompressSync(body, OPTIONS) : await compress(body, OPTIONS);
    if (compressed.length < body.length) return stored({ ...head, encoding: 'zstd' }, compressed);
  }
  return stored(head, body);
}

const stored = (head: StoredHead, body: Uint8Array): Buffer => Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]);

/** Undefined for what this version did not write. */
export async function decodeEntry(value: Buffer): Promise<CacheEntry | undefined> {
  const head = readHead(value);
  if (head === undefined) return undefined;
  const body = value.subarray(value.indexOf(LF) + 1);
  const { encoding, ...rest } = head;
  if (encoding === undefined) return { ...rest, body };
  try {
    return { ...rest, body: value.length <= BLOCKING_BYTES ? zstdDecompressSync(body, LIMITS) : await decompress(body, LIMITS) };
  } catch {
    return undefined;
  }
}

/** Returns the fields of an entry, from its first bytes. */
export function headOf(value: Buffer): Head | undefined {
  const head = readHead(value);
  if (head === undefined) return undefined;
  const { encoding: _, ...rest } = head;
  return rest;
}

function readHead(value: Buffer): StoredHead | undefined {
  const line = value.indexOf(LF);
  if (line === -1) return undefined;
  try {
    const head = JSON.parse(value.toString('utf8', 0, line)) as StoredHead | null;
    return head !== null && isHead(head) ? head : undefined;
  } catch {
    return undefined;
  }
}

/** Returns whether a value has the fields without which an entry cannot be served: another program may have written it. */
const isHead = (head: StoredHead): boolean =>
  [head.expiresAtMs, head.storedAtMs].every(Number.isFinite) &&
  [head.contentType, head.provider, head.providerModel].every((field) => typeof field === 'string') &&
  typeof head.streamed === 'boolean';
