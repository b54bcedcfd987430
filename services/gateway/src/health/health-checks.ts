import type { CircuitBreakers } from '@sluice/proxies';
import type { Logger } from '@sluice/telemetry';
import type { CheckedProvider } from '../models/describe-providers.ts';

/**
 * Checks providers actively, so that an outage is found before a call fails. An unhealthy provider's circuits stay open while
 * its checks fail. Afterwards a call probes it, like any other half-open target.
 */
export class HealthChecks {
  readonly #breakers: Pick<CircuitBreakers, 'forceOpen'>;
  readonly #logger: Pick<Logger, 'warn' | 'info'>;
  #timers: NodeJS.Timeout[] = [];

  constructor(breakers: Pick<CircuitBreakers, 'forceOpen'>, logger: Pick<Logger, 'warn' | 'info'>) {
    this.#breakers = breakers;
    this.#logger = logger;
  }

  /** Checks exactly these providers from now on. */
  follow(providers: readonly CheckedProvider[]): void {
    this.stop();
    this.#timers = providers.map((provider) => {
      let inARow = 0;
      let isChecking = false;
      const check = async (): Promise<void> => {
        if (isChecking) return;
        isChecking = true;
        try {
          await provider.check();
          if (inARow >= provider.settings.failures)
            this.#logger.info('provider health check recovered', { provider: provider.name });
          inARow = 0;
        } catch (error) {
          inARow++;
          this.#failed(provider, inARow, error);
        } finally {
          isChecking = false;
        }
      };
      void check();
      return setInterval(() => void check(), provider.settings.every).unref();
    });
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  #failed({ name, settings, circuits }: CheckedProvider, inARow: number, error: unknown): void {
    if (inARow < settings.failures) return;
    if (inARow === settings.failures) {
      this.#logger.warn('provider health check failed', { provider: name, error: String(error) });
    }
    // until the next check can have completed
    for (const circuit of circuits) this.#breakers.forceOpen(circuit, settings.every + settings.timeout);
  }
}
