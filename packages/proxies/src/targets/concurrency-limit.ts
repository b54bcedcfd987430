import { asLlmError, LlmError } from '@sluice/core';
import { FairQueue } from './fair-queue.ts';

export interface ConcurrencySettings {
  /** Calls at one time, over all replicas. */
  readonly limit: number;
  /** Calls that may wait for a place, at each replica. */
  readonly maxWaiting: number;
  /** How long one waits, in milliseconds. */
  readonly waitMs: number;
}

/** How many places this replica has of a limit; it may change at any time. */
export interface Places {
  /** Undefined until the first are given. */
  readonly count: number | undefined;
  /** More are wanted than there are. */
  want(): void;
}

interface Waiting {
  readonly admit: () => void;
}

/**
 * Calls at one time at a target or at a provider. The limit is of all replicas together: each has some of its places, and is given others as it needs them
 * (`TargetLoads`). Who finds no place waits for one, in a queue that is fair to tenants, and not for long.
 */
export class ConcurrencyLimit {
  /** As it stands in figures: a target's name, or a provider's. */
  readonly name: string;
  /** May change with the configuration. */
  settings: ConcurrencySettings;
  readonly #places: Places;
  readonly #queue = new FairQueue<Waiting>();
  #inFlight = 0;

  constructor(name: string, settings: ConcurrencySettings, places: Places) {
    this.name = name;
    this.settings = settings;
    this.#places = places;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Whether a call would have to wait. */
  get full(): boolean {
    return this.#queue.length > 0 || this.#inFlight >= (this.#places.count ?? 0);
  }

  /**
   * A place for one call; what is returned gives it back, and may be called twice.
   *
   * @throws LlmError `overloaded` where none comes in time, or the signal's reason
   */
  async enter(tenant: string, signal: AbortSignal): Promise<() => void> {
    if (this.full) await this.#wait(tenant, signal);
    else this.#inFlight++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#inFlight--;
      this.admit();
    };
  }

  /** Lets those in who wait, as far as there are places: there are more, or one has been given back. */
  admit(): void {
    while (this.#queue.length > 0 && this.#inFlight < (this.#places.count ?? 0)) {
      this.#inFlight++;
      this.#queue.shift()?.admit();
    }
  }

  #wait(tenant: string, signal: AbortSignal): Promise<void> {
    const { maxWaiting, waitMs } = this.settings;
    // a full queue still has room for a tenant that has less than its share of it
    const share = maxWaiting / (this.#queue.owners + (this.#queue.lengthOf(tenant) === 0 ? 1 : 0));
    const full = this.#queue.length >= maxWaiting && this.#queue.lengthOf(tenant) >= share;
    if (full || this.#queue.length >= maxWaiting * 2) return Promise.reject(this.#busy());
    this.#places.want();
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
    return new LlmError('overloaded', 'All places for calls at one time are taken at the provider of this model.', {
      failure: { kind: 'busy' },
      retryAfterMs: Math.max(1_000, this.settings.waitMs),
    });
  }
}
