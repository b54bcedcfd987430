import type { Clock, DependencyHealth } from '@sluice/core';
import type { Logger, Metrics } from '@sluice/telemetry';

/** Dependencies that have a fallback, with the effect on calls. */
const CONCERNS = {
  authentication: 'recently verified keys remain valid; other keys are refused with 503',
  tokens: 'recently verified tokens remain valid; other tokens are refused with 503',
  limits: 'calls of keys with limits are refused with 503',
  cache: 'all calls are sent to the providers',
  audit: 'records wait in this process, up to a bound',
  drain_files: 'audit records wait in the trail until the files are writable again',
  drain_webhook: 'audit records wait in the trail until the webhook accepts them again',
  objects: 'requests for files and batches are refused with 503',
  responses: 'requests that refer to stored responses are refused with 503, and new responses are not stored',
  circuits: 'each replica opens circuits from its own failures only',
  loads: 'load balancing and concurrency limits use the last known load of other replicas',
  usage: 'load balancing uses the statistics of this replica only',
} as const;

export type Dependency = keyof typeof CONCERNS;

/**
 * Time without a failure after which a dependency counts as recovered. A store that fails every second command is not healthy.
 */
const CALM_MS = 1_000;

/** Reports which dependencies run on their fallback: one gauge each, and one log line per change. */
export class HealthBoard {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #gauge: Metrics['degraded'];

  readonly #concerns = new Map<Dependency, DependencyHealth>();

  constructor(clock: Clock, logger: Logger, metrics: Pick<Metrics, 'degraded'>) {
    this.#clock = clock;
    this.#logger = logger;
    this.#gauge = metrics.degraded;
  }

  dependency(concern: Dependency): DependencyHealth {
    let health = this.#concerns.get(concern);
    if (health === undefined) {
      health = this.#create(concern);
      this.#concerns.set(concern, health);
    }
    return health;
  }

  #create(concern: Dependency): DependencyHealth {
    let failedAtMs: number | undefined;
    let calming: NodeJS.Timeout | undefined;
    const recovered = (): void => {
      calming = undefined;
      failedAtMs = undefined;
      this.#gauge.set({ concern }, 0);
      this.#logger.info(`${concern}: recovered`);
    };
    this.#gauge.set({ concern }, 0);
    return {
      success: () => {
        if (failedAtMs === undefined || calming !== undefined) return;
        const calmInMs = failedAtMs + CALM_MS - this.#clock.monotonic();
        if (calmInMs <= 0) recovered();
        // the next use of the store can be far off: a found key is not looked up again for a minute
        else calming = setTimeout(recovered, calmInMs).unref();
      },
      failure: (error) => {
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
