import type { KeyRecord, Keys } from '@sluice/store/ports';
import type { z } from 'zod';
import { within } from '../permissions.ts';
import type { keySchemas } from '../schemas/key-schemas.ts';
import type { Page } from './resource-definition.ts';
import { stateOf } from './shown-key.ts';

/** Keys that are read at once in a search. */
const PAGE = 1_000;

/** Returns the keys in batches, by name, after a name. */
export async function* keysInBatches(keys: Pick<Keys, 'list'>, after?: string): AsyncGenerator<readonly KeyRecord[]> {
  for (let last = after, more = true; more; ) {
    const batch = await keys.list(PAGE, last);
    yield batch;
    last = batch.at(-1)?.name;
    more = batch.length === PAGE;
  }
}

/** Returns a page of the keys that match a query. */
export async function listKeys(
  keys: Pick<Keys, 'list'>,
  query: z.output<typeof keySchemas.query>,
  nowMs: number,
): Promise<Page<KeyRecord>> {
  const { limit, cursor, status } = query;
  const matches = (record: KeyRecord): boolean =>
    within(query, record) && (status === undefined || status === stateOf(record, nowMs));
  const found: KeyRecord[] = [];
  for await (const batch of keysInBatches(keys, cursor)) {
    found.push(...batch.filter(matches));
    if (found.length > limit) break;
  }
  const records = found.slice(0, limit);
  return { records, next: found.length > limit ? records.at(-1)?.name : undefined };
}
