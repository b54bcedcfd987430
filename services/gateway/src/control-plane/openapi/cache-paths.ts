import { cacheClearing, cacheEntryQuery, cacheQuery, semanticQuery } from '../cache-query.ts';
import {
  cacheEntrySchema,
  cacheListSchema,
  cacheRemovalSchema,
  semanticReportSchema,
  semanticResetSchema,
} from '../schemas/cache-schemas.ts';
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
  '/admin/v1/cache/semantic': {
    get: {
      summary: 'Returns what is proven of the answers that are served by meaning',
      ...queryOf(semanticQuery),
      responses: { 200: json('The counts by model', semanticReportSchema), ...refusals(400) },
    },
  },
  '/admin/v1/cache/semantic/reset': {
    post: {
      summary: 'Forgets the labels of a tenant, a namespace or a model, or all: they are learned again',
      ...queryOf(semanticQuery),
      responses: { 200: json('The number of models', semanticResetSchema), ...refusals(400) },
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
