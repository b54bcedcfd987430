import type { Clock } from '@sluice/core';
import { type Charge, SubWindows, type WindowCharge } from '@sluice/store/ports';
import { LRUCache } from 'lru-cache';

export interface ReplicaSharesOptions {
  readonly clock: Clock;
  /** Maximum number of replicas. Without it, the share of a replica is unknown. */
  readonly maxReplicas: () => number | undefined;
}

interface Owner {
  readonly tenant: string;
  readonly subject: string;
}

const MAX_METERS = 100_000;

/**
 * This replica's admitted amounts per limit, and its share of each limit while the store is unavailable: limit divided by
 * replicas, minus the amounts already admitted in the window. Together the replicas stay within the limit, except in the window
 * in which Redis became unavailable: there they may admit less than twice the limit.
 */
export class ReplicaShares {
  readonly #options: ReplicaSharesOptions;
  // with `max` in place of `maxSize`, the cache allocates all of its entries when it is created
  readonly #windows = new LRUCache<string, SubWindows>({ maxSize: MAX_METERS, sizeCalculation: () => 1 });
  readonly #inFlight = new Map<string, number>();

  constructor(options: ReplicaSharesOptions) {
    this.#options = options;
  }

  /** Records a call that the store has admitted. Undefined without a known number of replicas. */
  record<C extends Charge>(of: Owner, charges: readonly C[]): RecordedShare<C> | undefined {
    return this.#options.maxReplicas() === undefined ? undefined : this.#admit(of, charges);
  }

  /** Admits a call by this replica's share of all these limits, or refuses it. Budgets are not checked: they have leases. */
  tryAdmit<C extends Charge>(of: Owner, charges: readonly C[]): RecordedShare<C> | undefined {
    const replicas = this.#options.maxReplicas();
    if (replicas === undefined) return undefined;
    const nowMs = this.#options.clock.now();
    return charges.every((charge) => this.#fits(of, charge, replicas, nowMs)) ? this.#admit(of, charges) : undefined;
  }

  #fits(of: Owner, charge: Charge, replicas: number, nowMs: number): boolean {
    if (charge.kind === 'budget') return true;
    const share = Math.floor(charge.limit / replicas);
    if (charge.kind === 'concurrency') return (this.#inFlight.get(nameOf(of, charge)) ?? 0) < share;
    return this.#window(of, charge).sumAt(nowMs) + charge.amount <= share;
  }

  #admit<C extends Charge>(of: Owner, charges: readonly C[]): RecordedShare<C> {
    const { clock } = this.#options;
    const share = new RecordedShare<C>(clock, this.#inFlight);
    const nowMs = clock.now();
    for (const charge of charges) {
      if (charge.kind === 'concurrency') share.takeSlot(nameOf(of, charge));
      else if (charge.kind === 'window') share.count(charge, charge.amount, this.#window(of, charge), nowMs);
    }
    return share;
  }

  #window(of: Owner, charge: WindowCharge): SubWindows {
    const name = `${nameOf(of, charge)}\n${charge.windowMs}`;
    let window = this.#windows.get(name);
    if (window === undefined) {
      window = new SubWindows(charge.windowMs);
      this.#windows.set(name, window);
    }
    return window;
  }
}

interface CountedCharge<C> {
  readonly charge: C;
  readonly amount: number;
  readonly window: SubWindows;
  /** The sub-window that has counted the amount. */
  readonly index: number;
}

/** The amounts of one call in this replica's windows and slots. */
export class RecordedShare<C extends Charge = Charge> {
  readonly #clock: Clock;
  readonly #inFlight: Map<string, number>;
  readonly #counted: CountedCharge<C>[] = [];
  readonly #slots: string[] = [];

  /** @param inFlight the number of calls in flight by the name of their limit */
  constructor(clock: Clock, inFlight: Map<string, number>) {
    this.#clock = clock;
    this.#inFlight = inFlight;
  }

  takeSlot(name: string): void {
    this.#slots.push(name);
    this.#inFlight.set(name, (this.#inFlight.get(name) ?? 0) + 1);
  }

  count(charge: C, amount: number, window: SubWindows, nowMs: number): void {
    window.add(nowMs, amount);
    this.#counted.push({ charge, amount, window, index: window.indexAt(nowMs) });
  }

  /** Releases the slots, and replaces the counted amounts by the actual ones. */
  settle(actual: (charge: C) => number): void {
    for (const name of this.#slots) {
      const count = (this.#inFlight.get(name) ?? 0) - 1;
      if (count > 0) this.#inFlight.set(name, count);
      else this.#inFlight.delete(name);
    }
    const nowMs = this.#clock.now();
    for (const { charge, amount, window, index } of this.#counted) {
      const excess = amount - actual(charge);
      if (excess > 0) window.giveBack(nowMs, index, excess);
      else if (excess < 0) window.add(nowMs, -excess);
    }
  }
}

const nameOf = ({ tenant, subject }: Owner, charge: Charge): string => `${tenant}\n${charge.subject ?? subject}\n${charge.meter}`;
