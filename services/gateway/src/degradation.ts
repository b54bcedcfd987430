import type { Clock, ConcernHealth } from '@sluice/core';
import type { Logger, Metrics } from '@sluice/telemetry';

/** What can run on a fallback, with what it means for calls. */
const CONCERNS = {
  authentication: 'keys that were verified lately go on working; others are answered with 503',
  tokens: 'tokens that were verified lately go on working; others are answered with 503',
  limits: 'calls of keys with limits are answered with 503',
  cache: 'calls go to the providers',
  audit: 'records wait in this process, up to a bound',
  drain_files: 'audit records wait in the trail until the files can be written again',
  drain_webhook: 'audit records wait in the trail until the webhook takes them again',
  objects: 'requests about files and batches are answered with 503',
  responses: 'requests that refer to stored responses are answered with 503, and new answers are not kept',
  circuits: 'targets that do not work are found out by this replica alone',
  loads: 'strategies and limits of calls at one time go by what was known last',
  usage: 'strategies go by what this replica alone has seen',
} as const;

export type Concern = keyof typeof CONCERNS;

/** A concern that works counts as well again after so long without a failure: a store that answers every other command is not well. */
const CALM_MS = 1_000;

/** Shows which concerns run on their fallback: a gauge each, and one log line a change. */
export class Degradation {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #gauge: Metrics['degraded'];

  constructor(clock: Clock, logger: Logger, metrics: Pick<Metrics, 'degraded'>) {
    this.#clock = clock;
    this.#logger = logger;
    this.#gauge = metrics.degraded;
  }

  concern(concern: Concern): ConcernHealth {
    let failedAtMs: number | undefined;
    let calming: NodeJS.Timeout | undefined;
    const recovered = (): void => {
      calming = undefined;
      failedAtMs = undefined;
      this.#gauge.set({ concern }, 0);
      this.#logger.info(`${concern}: as usual again`);
    };
    this.#gauge.set({ concern }, 0);
    return {
      works: () => {
        if (failedAtMs === undefined || calming !== undefined) return;
        const calmInMs = failedAtMs + CALM_MS - this.#clock.monotonic();
        if (calmInMs <= 0) recovered();
        // it may be long until its store is asked again: a key that was found is not looked up for a minute
        else calming = setTimeout(recovered, calmInMs).unref();
      },
      failed: (error) => {
        clearTimeout(calming);
        calming = undefined;
        if (failedAtMs === undefined) {
          this.#gauge.set({ concern }, 1);
          this.#logger.warn(`${concern}: degraded: ${CONCERNS[concern]}`, { error: String(error) });
        }
        failedAtMs = this.#clock.monotonic();
      },
    };
  }
}
