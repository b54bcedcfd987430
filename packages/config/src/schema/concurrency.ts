import { z } from 'zod';
import { BOUNDS, durationMs } from '../units.ts';

/** Concurrent calls over all replicas, and the queue for permits. */
export const concurrency = {
  maxConcurrency: z.number().int().positive().max(BOUNDS.concurrent).optional(),
  /** Calls that may wait at each replica: 100 by default, for up to 5 s. */
  maxQueue: z.number().int().nonnegative().optional(),
  queueTimeout: durationMs.optional(),
};
