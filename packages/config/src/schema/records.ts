import { z } from 'zod';
import { durationMs, longDurationMs } from '../units.ts';
import { headers } from './names.ts';

export const audit = z
  .strictObject({
    /** The approximate number of records in the store. */
    keep: z.number().int().positive().default(100_000),
    /** The number of shards of records and sums in Redis, by tenant. In a Cluster it divides them among the servers. */
    shards: z.number().int().min(1).max(256).default(16),
    /** Records prompts and answers too. */
    content: z.boolean().default(false),
    /** Further destinations of the records. Each record is delivered at least once. */
    drain: z
      .strictObject({
        /** Time after which another replica takes over records that a replica has read and not written. It must exceed any write. */
        takeOver: durationMs.default(60_000),
        /** One file of JSON lines per day and replica. */
        files: z.strictObject({ directory: z.string().min(1) }).optional(),
        /** Records are posted as JSON lines. */
        webhook: z
          .strictObject({
            url: z.url({ protocol: /^https?$/ }),
            headers: headers.default({}),
            /** Signs the body: `x-sluice-signature: sha256=HEX`. */
            secret: z.string().min(16, 'expected 16 characters or more').optional(),
            timeout: durationMs.default(10_000),
          })
          .optional(),
      })
      .default({ takeOver: 60_000 }),
  })
  .default({ keep: 100_000, shards: 16, content: false, drain: { takeOver: 60_000 } });

/** Retention of the sums of usage. */
export const usage = z
  .strictObject({
    keep: longDurationMs.default(400 * 86_400_000),
    /** Retention of the more numerous sums by hour and by tag. */
    keepDetailed: longDurationMs.default(35 * 86_400_000),
  })
  .default({ keep: 400 * 86_400_000, keepDetailed: 35 * 86_400_000 });
