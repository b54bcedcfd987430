import { z } from 'zod';

/** A cache entry, without the cached response. */
export const cacheEntrySchema = z.looseObject({
  key: z.string(),
  tenant: z.string().optional(),
  namespace: z.string(),
  model: z.string(),
  provider: z.string(),
  providerModel: z.string(),
  contentType: z.string(),
  streamed: z.boolean(),
  usage: z.record(z.string(), z.unknown()).optional(),
  savesUsd: z.number().optional(),
  tags: z.array(z.string()).optional(),
  storedAtMs: z.int(),
  /** The end of its lifetime, if it is kept longer to be served as a stale response. */
  freshUntilMs: z.int().optional(),
  expiresAtMs: z.int(),
  bytes: z.int(),
});

export type CacheEntryResponse = z.output<typeof cacheEntrySchema>;

export const cacheListSchema = z.looseObject({ total: z.int(), entries: z.array(cacheEntrySchema) });

export const cacheRemovalSchema = z.looseObject({ removed: z.int() });
