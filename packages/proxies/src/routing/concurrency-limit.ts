import { asLlmError, type CallSignal, errorTexts, LlmError } from '@sluice/core';
import { FairQueue } from './fair-queue.ts';

export interface ConcurrencySettings {
  /** Maximum number of calls in flight, over all replicas. */
  readonly limit: number;
  /** Maximum number of calls that wait for a permit, at each replica. */
  readonly maxWaiting: number;
  /** Maximum wait for a permit, in milliseconds. */
  readonly waitMs: number;
}

/** This replica's permits of a limit. Their number may change at any time. */
export interface Permits {
  /** Returns undefined until the first permits are granted. */
  count(): number | undefined;
  /** Requests more permits. */
  want(): void;
}

interface Waiting {
  readonly admit: () => void;
}

/**
 * Limits the calls in flight at a target or a provider. The limit applies to all replicas together: each replica has some of
 * the permits and gets others on demand (`TargetLoads`). A call without a permit waits for a short time in a queue that is fair
 * to tenants.
 */
export class ConcurrencyLimit {
  /** Name in metric labels: a target's or a provider's. */
  readonly name: string;
  /** May change with the configuration. */
  settings: ConcurrencySettings;
  readonly #permits: Permits;
  readonly #queue = new FairQueue<Waiting>();
  #inFlight = 0;

  constructor(name: string, settings: ConcurrencySettings, permits: Permits) {
    this.name = name;
    this.settings = settings;
    this.#permits = permits;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Whether a call would have to wait. */
  get full(): boolean {
    return this.#queue.length > 0 || this.#inFlight >= (this.#permits.count() ?? 0);
  }

  /**
   * Acquires a permit for one call. Returns a function that releases it and may be called twice.
   *
   * @throws LlmError `overloaded` if no permit is free in time, or the signal's reason
   */
  async enter(tenant: string, signal: CallSignal): Promise<() => void> {
    if (this.full) await this.#wait(tenant, signal);
    else this.#inFlight++;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#inFlight--;
      this.admit();
    };
  }

  /** Admits waiting calls while permits are free: after a release, or with additional permits. */
  admit(): void {
    while (this.#queue.length > 0 && this.#inFlight < (this.#permits.count() ?? 0)) {
      this.#inFlight++;
      this.#queue.shift()?.admit();
    }
  }

  #wait(tenant: string, signal: CallSignal): Promise<void> {
    const { maxWaiting, waitMs } = this.settings;
    // a full queue still accepts a tenant with less than its share of the queue
    const share = maxWaiting / (this.#queue.owners + (this.#queue.lengthOf(tenant) === 0 ? 1 : 0));
    const full = this.#queue.length >= maxWaiting && this.#queue.lengthOf(tenant) >= share;
    if (full || this.#queue.length >= maxWaiting * 2) return Promise.reject(this.#busy());
    this.#permits.want();
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const waiting: Waiting = {
        admit: () => {
          end();
          resolve();
        },
      };
      const giveUp = (error: LlmError): void => {
        end();
        this.#queue.remove(tenant, waiting);
        reject(error);
      };
      const onAbort = (): void => giveUp(asLlmError(signal.reason));
      const timer = setTimeout(() => giveUp(this.#busy()), waitMs);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(tenant, waiting);
      if (signal.aborted) onAbort();
    });
  }

  #busy(): LlmError {
    return new LlmError('overloaded', errorTexts.concurrencyLimit, {
      failure: { kind: 'concurrency_limit' },
      retryAfterMs: Math.max(1_000, this.settings.waitMs),
    });
  }
}
