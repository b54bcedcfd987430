import type { Clock } from '@sluice/core';
import { type Hold, SubWindows, type WindowHold } from '@sluice/store/ports';
import { LRUCache } from 'lru-cache';

export interface LocalSharesOptions {
  readonly clock: Clock;
  /** The most replicas that there will ever be; without it nobody knows what one's share is. */
  readonly maxReplicas: () => number | undefined;
}

interface Owner {
  readonly tenant: string;
  readonly subject: string;
}

/** What this replica has admitted of a call. */
export interface Admitted {
  /** @param actual what each of the holds came to; the amount that was admitted if undefined */
  settle(actual: (hold: Hold) => number): void;
}

const MAX_METERS = 100_000;

/**
 * What this replica has admitted of each limit, and what it may admit by itself while the store is away: its share of the limit, less what it has admitted in
 * the window already. All replicas together so admit no more than the limit in any window; but for the one in which the store went away, of which what the
 * others admitted before is not known: in that less than twice as much.
 */
export class LocalShares {
  readonly #options: LocalSharesOptions;
  readonly #windows = new LRUCache<string, SubWindows>({ max: MAX_METERS });
  readonly #inFlight = new Map<string, number>();

  constructor(options: LocalSharesOptions) {
    this.#options = options;
  }

  /** Notes what the store has admitted; undefined where that is for nothing. */
  note(of: Owner, holds: readonly Hold[]): Admitted | undefined {
    return this.#options.maxReplicas() === undefined ? undefined : this.#admit(of, holds);
  }

  /** Admits a call by this replica's share of all these limits, or not. Budgets have leases. */
  take(of: Owner, holds: readonly Hold[]): Admitted | undefined {
    const replicas = this.#options.maxReplicas();
    if (replicas === undefined) return undefined;
    const nowMs = this.#options.clock.now();
    const fits = holds.every((hold) => {
      if (hold.kind === 'budget') return true;
      const share = Math.floor(hold.limit / replicas);
      if (hold.kind === 'concurrency') return (this.#inFlight.get(nameOf(of, hold)) ?? 0) < share;
      return this.#window(of, hold).sumAt(nowMs) + hold.amount <= share;
    });
    return fits ? this.#admit(of, holds) : undefined;
  }

  #admit(of: Owner, holds: readonly Hold[]): Admitted {
    const nowMs = this.#options.clock.now();
    const counted = holds.map((hold) => {
      if (hold.kind === 'concurrency') this.#countInFlight(nameOf(of, hold), 1);
      if (hold.kind !== 'window') return 0;
      const window = this.#window(of, hold);
      window.add(nowMs, hold.amount);
      return window.indexAt(nowMs);
    });
    return {
      settle: (actual) => {
        const endMs = this.#options.clock.now();
        holds.forEach((hold, n) => {
          if (hold.kind === 'concurrency') this.#countInFlight(nameOf(of, hold), -1);
          if (hold.kind !== 'window') return;
          const more = actual(hold) - hold.amount;
          if (more > 0) this.#window(of, hold).add(endMs, more);
          else if (more < 0) this.#window(of, hold).giveBack(endMs, counted[n] as number, -more);
        });
      },
    };
  }

  #countInFlight(name: string, change: number): void {
    const count = (this.#inFlight.get(name) ?? 0) + change;
    if (count > 0) this.#inFlight.set(name, count);
    else this.#inFlight.delete(name);
  }

  #window(of: Owner, hold: WindowHold): SubWindows {
    const name = `${nameOf(of, hold)}\n${hold.windowMs}`;
    let window = this.#windows.get(name);
    if (window === undefined) {
      window = new SubWindows(hold.windowMs);
      this.#windows.set(name, window);
    }
    return window;
  }
}

const nameOf = ({ tenant, subject }: Owner, hold: Hold): string => `${tenant}\n${hold.subject ?? subject}\n${hold.meter}`;
