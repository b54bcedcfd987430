import { z } from 'zod';
import { durationMs } from '../units.ts';

export const resilience = z
  .strictObject({
    retries: z
      .strictObject({
        /** The most retries of one call. */
        max: z.number().int().nonnegative().max(10).default(2),
        /** The most retries at a provider, as a share of its calls of the last 10 s. */
        budget: z.number().min(0).max(1).default(0.1),
        /** Retries per second that are allowed in any case. */
        floor: z.number().nonnegative().default(1),
        initial: durationMs.default(250),
        longest: durationMs.default(4_000),
        /** The longest total wait of a call for rate-limited targets. */
        wait: durationMs.default(5_000),
        /** The longest wait, once per call, before a fallback model is called: `wait` by default. */
        fallbackWait: durationMs.optional(),
      })
      .default({ max: 2, budget: 0.1, floor: 1, initial: 250, longest: 4_000, wait: 5_000 }),
    /** Opens a circuit after consecutive failures, or above a share of the calls in a window with enough calls. */
    breaker: z
      .strictObject({
        consecutive: z.number().int().positive().default(5),
        share: z.number().positive().max(1).default(0.5),
        minimum: z.number().int().positive().default(10),
        window: durationMs.default(30_000),
        /** Time until one call probes the target. */
        open: durationMs.default(5_000),
      })
      .default({ consecutive: 5, share: 0.5, minimum: 10, window: 30_000, open: 5_000 }),
    /** Thresholds beyond which new calls are refused at once. */
    overload: z
      .strictObject({
        /** The longest delay of the event loop. */
        lag: durationMs.default(500),
        /** The largest share of Node's heap limit in use, 0 to 1. */
        heap: z.number().positive().max(1).default(0.9),
      })
      .default({ lag: 500, heap: 0.9 }),
  })
  .default({
    retries: { max: 2, budget: 0.1, floor: 1, initial: 250, longest: 4_000, wait: 5_000 },
    breaker: { consecutive: 5, share: 0.5, minimum: 10, window: 30_000, open: 5_000 },
    overload: { lag: 500, heap: 0.9 },
  });
