import type { KeptRecord } from '@sluice/store/ports';
import { z } from 'zod';

/** Records that one request looks at, so that nobody's search holds up a replica; the next request goes on from there. */
const MAX_LOOKED_AT = 20_000;
const PAGE = 1_000;

export const cursor = z.string().regex(/^\d{1,20}-\d{1,20}$/, 'expected the next of an answer');

/** Part of what may stand behind `?` of a search: how much, from where on, and of what time. */
export const searchShape = {
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  /** The `next` of the part before. */
  cursor: cursor.optional(),
  /** Both ends are within. */
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
};

export interface Search {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface Found<T> {
  readonly records: readonly (T & { readonly id: string })[];
  /** Where the next older part begins; undefined at the end. */
  readonly next: string | undefined;
}

export function isBetween(time: string, { since, until }: { since?: string | undefined; until?: string | undefined }): boolean {
  const at = Date.parse(time);
  return (since === undefined || at >= Date.parse(since)) && (until === undefined || at <= Date.parse(until));
}

/** The newest records that match, newest first, each with its place as `id`. */
export async function searchRecords<T extends object>(
  read: (count: number, before?: string) => Promise<readonly KeptRecord[]>,
  matches: (record: T) => boolean,
  { limit, cursor: from }: Search,
): Promise<Found<T>> {
  const records: (T & { id: string })[] = [];
  let next = from;
  for (let lookedAt = 0; records.length < limit && lookedAt < MAX_LOOKED_AT; ) {
    const kept = await read(PAGE, next);
    for (const { place, record: line } of kept) {
      if (records.length === limit) break;
      next = place;
      const record = JSON.parse(line) as T;
      if (matches(record)) records.push({ id: place, ...record });
    }
    lookedAt += kept.length;
    // the last of a part that is not full is the oldest of all
    if (kept.length < PAGE && (kept.at(-1)?.place ?? next) === next) return { records, next: undefined };
  }
  return { records, next };
}
