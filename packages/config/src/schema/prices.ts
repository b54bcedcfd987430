import { z } from 'zod';
import { durationMs } from '../units.ts';
import { price } from './price.ts';

export const prices = z
  .strictObject({
    /** Prices by `provider/model`. They override the table's. */
    own: z.record(z.string().regex(/^[^/]+\/.+$/, 'expected provider/model'), price).default({}),
    /** A price table that replaces the built-in one: a file, or an address that the gateway requests at intervals of `every`. */
    file: z.string().min(1).optional(),
    url: z.url({ protocol: /^https?$/ }).optional(),
    every: durationMs.default(86_400_000),
  })
  .refine(({ file, url }) => file === undefined || url === undefined, 'expected file or url, not both')
  .default({ own: {}, every: 86_400_000 });
