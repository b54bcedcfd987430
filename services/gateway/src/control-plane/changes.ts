import type { Registry } from '@sluice/store/ports';
import express, { type Router } from 'express';
import { z } from 'zod';
import type { JournalEntry } from './change-line.ts';
import { checkedQuery } from './checked.ts';
import { permit, scoped, within } from './permissions.ts';
import { isBetween, searchRecords, searchShape } from './search-records.ts';

const only = z.string().max(256).optional();

/** Query parameters. */
export const changesQuery = z.strictObject({
  ...searchShape,
  admin: only,
  action: only,
  kind: z.enum(['key', 'team', 'tenant', 'admin', 'cache']).optional(),
  name: only,
  tenant: only,
  team: only,
});

const EQUAL = ['admin', 'action', 'kind', 'name'] as const;

/** Route for the changes by administrators, newest first, each with its state before and after. */
export function changesRoutes(registry: Pick<Registry, 'journal'>): Router {
  const router = express.Router();
  router.get('/', async (request, response) => {
    const query = scoped(permit(request, 'read'), checkedQuery(changesQuery, request.query));
    const read = (count: number, before?: string) => registry.journal(count, before);
    const matches = (entry: JournalEntry): boolean =>
      within(query, entry) &&
      EQUAL.every((field) => query[field] === undefined || entry[field] === query[field]) &&
      isBetween(entry.time, query);
    const { records, next } = await searchRecords<JournalEntry>(read, matches, query);
    response.json({ changes: records, next });
  });
  return router;
}
