import type { CircuitBreakers } from '@sluice/proxies';
import type { Logger } from '@sluice/telemetry';
import type { CheckedProvider } from './models.ts';

/**
 * Asks providers by itself whether they work, so that one that is down is known before a call finds out. One that is not well is taken out of use for as
 * long as it is not; afterwards a call tries it, as any target that was out of use.
 */
export class HealthChecks {
  readonly #breakers: Pick<CircuitBreakers, 'trip'>;
  readonly #logger: Pick<Logger, 'warn' | 'info'>;
  #timers: NodeJS.Timeout[] = [];

  constructor(breakers: Pick<CircuitBreakers, 'trip'>, logger: Pick<Logger, 'warn' | 'info'>) {
    this.#breakers = breakers;
    this.#logger = logger;
  }

  /** Asks these from now on, and no others. */
  follow(providers: readonly CheckedProvider[]): void {
    this.stop();
    this.#timers = providers.map((provider) => {
      let inARow = 0;
      let asking = false;
      const ask = async (): Promise<void> => {
        if (asking) return;
        asking = true;
        try {
          await provider.check();
          if (inARow >= provider.settings.failures)
            this.#logger.info('a provider answers its health check again', { provider: provider.name });
          inARow = 0;
        } catch (error) {
          inARow++;
          this.#failed(provider, inARow, error);
        } finally {
          asking = false;
        }
      };
      void ask();
      return setInterval(() => void ask(), provider.settings.every).unref();
    });
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  #failed({ name, settings, circuits }: CheckedProvider, inARow: number, error: unknown): void {
    if (inARow < settings.failures) return;
    if (inARow === settings.failures) {
      this.#logger.warn('a provider does not answer its health check', { provider: name, error: String(error) });
    }
    // until the next answer can be there
    for (const circuit of circuits) this.#breakers.trip(circuit, settings.every + settings.timeout);
  }
}
