import { z } from 'zod';
import { durationMs } from '../units.ts';

export const shutdown = z
  .strictObject({
    /** Time for which calls are accepted after SIGTERM, until the load balancer has seen the failed readiness. */
    delay: durationMs.default(5_000),
    /** Time for calls in flight after that. */
    drain: durationMs.default(120_000),
  })
  .default({ delay: 5_000, drain: 120_000 });

export const reload = z
  .strictObject({
    /** Accepts a changed file without keys, models or providers. */
    allowEmpty: z.boolean().default(false),
  })
  .default({ allowEmpty: false });
