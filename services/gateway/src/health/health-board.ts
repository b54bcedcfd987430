import type { Clock, DependencyHealth } from '@sluice/core';
import type { StoreServer } from '@sluice/store/ports';
import type { Logger, Metrics } from '@sluice/telemetry';

/**
 * Dependencies that have a fallback, with the effect on calls. Those that only calls use name the server that they need: it is
 * probed while no call uses them.
 */
const CONCERNS = {
  authentication: { effect: 'recently verified keys remain valid; other keys are refused with 503', server: 'state' },
  tokens: { effect: 'recently verified tokens remain valid; other tokens are refused with 503', server: undefined },
  limits: { effect: 'calls of keys with limits are refused with 503', server: 'state' },
  cache: { effect: 'all calls are sent to the providers', server: 'cache' },
  audit: { effect: 'records wait in this process, up to a bound', server: undefined },
  drain_files: { effect: 'audit records wait in the trail until the files are writable again', server: undefined },
  drain_webhook: { effect: 'audit records wait in the trail until the webhook accepts them again', server: undefined },
  objects: { effect: 'requests for files and batches are refused with 503', server: 'state' },
  responses: {
    effect: 'requests that refer to stored responses are refused with 503, and new responses are not stored',
    server: 'cache',
  },
  circuits: { effect: 'each replica opens circuits from its own failures only', server: undefined },
  loads: { effect: 'load balancing and concurrency limits use the last known load of other replicas', server: undefined },
  usage: { effect: 'load balancing uses the statistics of this replica only', server: undefined },
} as const satisfies Record<string, { readonly effect: string; readonly server: StoreServer | undefined }>;

export type Dependency = keyof typeof CONCERNS;

/**
 * Time without a failure after which a dependency counts as recovered. A store that fails every second command is not healthy.
 */
const CALM_MS = 1_000;

/** Interval of the probes of a degraded dependency that no call uses. */
const PROBE_MS = 2_000;

export interface HealthBoardOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly metrics: { readonly degraded: Pick<Metrics['degraded'], 'set'> };
  /** Resolves if a server of the stores responds. */
  readonly probe: (server: StoreServer) => Promise<void>;
}

/** Reports which dependencies run on their fallback: one gauge each, and one log line per change. */
export class HealthBoard {
  readonly #options: HealthBoardOptions;
  readonly #dependencies = new Map<Dependency, DependencyHealth>();

  constructor(options: HealthBoardOptions) {
    this.#options = options;
  }

  dependency(concern: Dependency): DependencyHealth {
    let health = this.#dependencies.get(concern);
    if (health === undefined) {
      health = new MonitoredDependency(concern, this.#options);
      this.#dependencies.set(concern, health);
    }
    return health;
  }
}

class MonitoredDependency implements DependencyHealth {
  readonly #concern: Dependency;
  readonly #options: HealthBoardOptions;
  #failedAtMs: number | undefined;
  /** Ends the degradation after a success. */
  #recovery: NodeJS.Timeout | undefined;
  #nextProbe: NodeJS.Timeout | undefined;

  constructor(concern: Dependency, options: HealthBoardOptions) {
    this.#concern = concern;
    this.#options = options;
    options.metrics.degraded.set({ concern }, 0);
  }

  success(): void {
    if (this.#failedAtMs === undefined || this.#recovery !== undefined) return;
    clearTimeout(this.#nextProbe);
    const calmInMs = this.#failedAtMs + CALM_MS - this.#options.clock.monotonic();
    // the next success can be far off: a found key is not looked up again for a minute
    if (calmInMs > 0) this.#recovery = setTimeout(() => this.#recovered(), calmInMs).unref();
    else this.#recovered();
  }

  failure(error: unknown): void {
    const { clock, logger, metrics } = this.#options;
    clearTimeout(this.#recovery);
    this.#recovery = undefined;
    if (this.#failedAtMs === undefined) {
      const concern = this.#concern;
      metrics.degraded.set({ concern }, 1);
      logger.warn(`${concern}: degraded: ${CONCERNS[concern].effect}`, { error: String(error) });
    }
    this.#failedAtMs = clock.monotonic();
    this.#probeSoon();
  }

  #recovered(): void {
    this.#recovery = undefined;
    this.#failedAtMs = undefined;
    this.#options.metrics.degraded.set({ concern: this.#concern }, 0);
    this.#options.logger.info(`${this.#concern}: recovered`);
  }

  #probeSoon(): void {
    const { server } = CONCERNS[this.#concern];
    clearTimeout(this.#nextProbe);
    if (server === undefined) return;
    const probe = (): void => {
      this.#options.probe(server).then(
        () => this.success(),
        () => this.#probeSoon(),
      );
    };
    this.#nextProbe = setTimeout(probe, PROBE_MS).unref();
  }
}
