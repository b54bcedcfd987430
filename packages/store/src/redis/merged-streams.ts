import type { StoredRecord } from '../ports/index.ts';
import { type AuditPosition, comparePositions, parsePosition, positionText, shardOrder } from './audit-position.ts';
import type { RedisClient } from './connections.ts';
import type { AuditShard, KeyLayout } from './key-layout.ts';

type Entry = readonly [id: string, fields: readonly string[]];

/** Fewest records that are read from a stream at once, unless fewer are wanted. */
const MIN_PART = 16;

/** A range of the merged streams. */
export interface Range {
  readonly direction: 'newest first' | 'oldest first';
  /** The range begins beyond this position. */
  readonly from: string | undefined;
  /** Last id of the range, in the direction; the end of the stream by default. */
  readonly end?: string;
}

/** Reads the entries of one stream in parts. */
class StreamPart {
  readonly shard: AuditShard;
  readonly #read: (from: string, count: number) => Promise<Entry[]>;
  #from: string;
  #size: number;
  #entries: Entry[] = [];
  #at = 0;
  #complete = false;

  constructor(shard: AuditShard, from: string, size: number, read: (from: string, count: number) => Promise<Entry[]>) {
    this.shard = shard;
    this.#from = from;
    this.#size = size;
    this.#read = read;
  }

  /** The next entry. Undefined if the part is used up. */
  get next(): Entry | undefined {
    return this.#entries[this.#at];
  }

  /** Whether the stream may have further entries, of which none is loaded. */
  get isEmpty(): boolean {
    return !this.#complete && this.next === undefined;
  }

  take(): void {
    this.#at++;
  }

  /** Loads the next part, at most `most` entries. Parts double in size, so that a stream with all records needs few of them. */
  async load(most: number): Promise<void> {
    const count = Math.min(this.#size, most);
    this.#entries = await this.#read(this.#from, count);
    this.#at = 0;
    this.#complete = this.#entries.length < count;
    this.#size *= 2;
    const last = this.#entries.at(-1);
    if (last !== undefined) this.#from = `(${last[0]}`;
  }
}

/**
 * Returns the first `count` records of a range over the streams of all shards, in order. Reads at most `count` records of each
 * stream: a small part of every stream first, then further parts of those that are used up.
 */
export async function readMerged(
  client: RedisClient,
  layout: KeyLayout,
  shards: readonly AuditShard[],
  range: Range,
  count: number,
): Promise<readonly StoredRecord[]> {
  const size = Math.min(count, Math.max(MIN_PART, Math.ceil((2 * count) / shards.length)));
  const parts = shards.map((shard) => new StreamPart(shard, startIn(shard, range), size, readerOf(client, layout, shard, range)));
  const sign = range.direction === 'newest first' ? -1 : 1;
  const found: StoredRecord[] = [];
  while (found.length < count) {
    await Promise.all(parts.filter((part) => part.isEmpty).map((part) => part.load(count - found.length)));
    if (!takeInOrder(parts, sign, found, count)) break;
  }
  return found;
}

/** Moves records in order until enough are found, or a part has to be loaded. Returns false at the end of all streams. */
function takeInOrder(parts: readonly StreamPart[], sign: 1 | -1, found: StoredRecord[], count: number): boolean {
  for (;;) {
    let first: StreamPart | undefined;
    let firstAt: AuditPosition | undefined;
    for (const part of parts) {
      if (part.next === undefined) continue;
      const at = { id: part.next[0], shard: part.shard };
      if (firstAt !== undefined && sign * comparePositions(at, firstAt) > 0) continue;
      first = part;
      firstAt = at;
    }
    if (first?.next === undefined || firstAt === undefined) return false;
    found.push({ position: positionText(firstAt), record: first.next[1][1] ?? '' });
    first.take();
    if (found.length === count || first.isEmpty) return true;
  }
}

/** Returns the first id of a range in one stream; "(" excludes the id itself. */
function startIn(shard: AuditShard, { direction, from }: Range): string {
  if (from === undefined) return direction === 'newest first' ? '+' : '-';
  const position = parsePosition(from);
  const order = shardOrder(shard) - shardOrder(position.shard);
  const isBeyond = direction === 'newest first' ? order < 0 : order > 0;
  return isBeyond ? position.id : `(${position.id}`;
}

function readerOf(client: RedisClient, layout: KeyLayout, shard: AuditShard, { direction, end }: Range) {
  const stream = layout.auditStream(shard);
  return direction === 'newest first'
    ? (from: string, count: number) => client.xrevrange(stream, from, end ?? '-', 'COUNT', count)
    : (from: string, count: number) => client.xrange(stream, from, end ?? '+', 'COUNT', count);
}
