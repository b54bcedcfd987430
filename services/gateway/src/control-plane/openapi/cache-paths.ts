import { cacheClearing, cacheEntryQuery, cacheQuery } from '../cache.ts';
import { cacheEntrySchema, cacheListSchema, cacheRemovalSchema } from '../schemas/cache-schemas.ts';
import { done, inPath, json, queryOf, refusals } from './parts.ts';

/** The paths of cache entries. */
export const cachePaths = {
  '/admin/v1/cache': {
    get: {
      summary: 'Lists cache entries, without the responses themselves',
      ...queryOf(cacheQuery),
      responses: { 200: json('Some of the entries', cacheListSchema), ...refusals(400) },
    },
    delete: {
      summary: 'Removes the cache entries of a tenant, a namespace, a model or a tag; or all',
      ...queryOf(cacheClearing),
      responses: { 200: json('The number of removed entries', cacheRemovalSchema), ...refusals(400) },
    },
  },
  '/admin/v1/cache/{key}': {
    parameters: inPath('key'),
    get: {
      summary: 'Returns one entry, by the `x-sluice-cache-key` of a response',
      ...queryOf(cacheEntryQuery),
      responses: { 200: json('The entry', cacheEntrySchema), ...refusals(400, 404) },
    },
    delete: {
      summary: 'Removes one entry',
      ...queryOf(cacheEntryQuery),
      responses: { ...done('Deleted'), ...refusals(400, 404) },
    },
  },
};
