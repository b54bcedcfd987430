import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StoredRecord } from '@sluice/store/ports';
import { z } from 'zod';
import { AdminError } from './admin-error.ts';

/**
 * Records that one request examines at most, so that a search cannot block a replica. The next request continues after them.
 */
const MAX_LOOKED_AT = 20_000;
const PAGE = 1_000;
/** Records that are parsed in one turn of the event loop, which also serves calls: about 1 ms at 9 µs each. */
const SLICE = 100;
/** Concurrent searches in one replica; each takes its share of the event loop. */
const MAX_SEARCHES = 2;

let searches = 0;

const cursor = z.string().regex(/^\d{1,20}-\d{1,20}$/, "expected the 'next' of a previous response");

/** Query parameters that all searches share: the page and the time range. */
export const searchShape = {
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  /** The `next` of the previous page. */
  cursor: cursor.optional(),
  /** Time range; both ends are inclusive. */
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
};

export interface Search {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface Found<T> {
  readonly records: readonly (T & { readonly id: string })[];
  /** Cursor of the next older page; undefined at the end. */
  readonly next: string | undefined;
}

export function isBetween(time: string, { since, until }: { since?: string | undefined; until?: string | undefined }): boolean {
  const at = Date.parse(time);
  return (since === undefined || at >= Date.parse(since)) && (until === undefined || at <= Date.parse(until));
}

/**
 * Finds the newest matching records, newest first, each with its position as `id`. Yields to the event loop after every slice
 * of records.
 *
 * @param parse parses the stored line of a record
 * @throws AdminError 429 if this replica runs too many searches
 */
export async function searchRecords<T extends object>(
  read: (count: number, before?: string) => Promise<readonly StoredRecord[]>,
  matches: (record: T) => boolean,
  search: Search,
  parse: (line: string) => T = JSON.parse,
): Promise<Found<T>> {
  if (searches >= MAX_SEARCHES) {
    throw new AdminError(429, 'rate_limit_exceeded', 'This replica already runs other searches. Try again.', {
      retryAfterMs: 1_000,
    });
  }
  searches++;
  try {
    return await found(read, parse, matches, search);
  } finally {
    searches--;
  }
}

async function found<T extends object>(
  read: (count: number, before?: string) => Promise<readonly StoredRecord[]>,
  parse: (line: string) => T,
  matches: (record: T) => boolean,
  { limit, cursor: from }: Search,
): Promise<Found<T>> {
  const records: (T & { id: string })[] = [];
  let next = from;
  for (let lookedAt = 0; records.length < limit && lookedAt < MAX_LOOKED_AT; ) {
    const kept = await read(PAGE, next);
    for (const [n, { position, record: line }] of kept.entries()) {
      if (records.length === limit) break;
      if (n % SLICE === SLICE - 1) await nextTurn();
      next = position;
      const record = parse(line);
      if (matches(record)) records.push({ id: position, ...record });
    }
    lookedAt += kept.length;
    // the last record of an incomplete page is the oldest one
    if (kept.length < PAGE && (kept.at(-1)?.position ?? next) === next) return { records, next: undefined };
  }
  return { records, next };
}
