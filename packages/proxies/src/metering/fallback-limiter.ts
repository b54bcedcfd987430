import type { Clock } from '@sluice/core';
import { type Charge, SubWindows, type WindowCharge } from '@sluice/store/ports';
import { LRUCache } from 'lru-cache';

export interface LocalSharesOptions {
  readonly clock: Clock;
  /** Maximum number of replicas. Without it, the share of a replica is unknown. */
  readonly maxReplicas: () => number | undefined;
}

interface Owner {
  readonly tenant: string;
  readonly subject: string;
}

/** The amounts that this replica has admitted for a call. */
export interface Grant {
  /** @param actual actual amount of each hold; undefined keeps the admitted amount */
  settle(actual: (hold: Charge) => number): void;
}

const MAX_METERS = 100_000;

/**
 * This replica's admitted amounts per limit, and its share of each limit while the store is unavailable: limit divided by
 * replicas, minus the amounts already admitted in the window. Together the replicas stay within the limit, except in the window
 * in which Redis became unavailable: there they may admit less than twice the limit.
 */
export class FallbackLimiter {
  readonly #options: LocalSharesOptions;
  readonly #windows = new LRUCache<string, SubWindows>({ max: MAX_METERS });
  readonly #inFlight = new Map<string, number>();

  constructor(options: LocalSharesOptions) {
    this.#options = options;
  }

  /** Records a call that the store has admitted. Undefined without a known number of replicas. */
  record(of: Owner, holds: readonly Charge[]): Grant | undefined {
    return this.#options.maxReplicas() === undefined ? undefined : this.#admit(of, holds);
  }

  /** Admits a call by this replica's share of all these limits, or refuses it. Budgets use leases instead. */
  tryAdmit(of: Owner, holds: readonly Charge[]): Grant | undefined {
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

  #admit(of: Owner, holds: readonly Charge[]): Grant {
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

  #window(of: Owner, hold: WindowCharge): SubWindows {
    const name = `${nameOf(of, hold)}\n${hold.windowMs}`;
    let window = this.#windows.get(name);
    if (window === undefined) {
      window = new SubWindows(hold.windowMs);
      this.#windows.set(name, window);
    }
    return window;
  }
}

const nameOf = ({ tenant, subject }: Owner, hold: Charge): string => `${tenant}\n${hold.subject ?? subject}\n${hold.meter}`;
