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

const bin = z.looseObject({
  bin: z.int(),
  epoch: z.int(),
  labels: z.int(),
  errors: z.int(),
  checks: z.int(),
  checkErrors: z.int(),
  served: z.int(),
  certified: z.boolean(),
  upperLimitOfErrors: z.number(),
});

/** What is proven of the answers that are served by meaning. */
export const semanticReportSchema = z.looseObject({
  /** Why no answer is served by meaning. */
  unavailable: z.string().optional(),
  maxErrors: z.number(),
  confidence: z.number(),
  models: z.array(
    z.looseObject({
      tenant: z.string(),
      namespace: z.string(),
      model: z.string(),
      embeddings: z.string(),
      edges: z.array(z.number()).optional(),
      bins: z.array(bin),
    }),
  ),
});

export type SemanticReport = z.output<typeof semanticReportSchema>;

export const semanticResetSchema = z.looseObject({ reset: z.int() });

export const cacheRemovalSchema = z.looseObject({ removed: z.int() });
