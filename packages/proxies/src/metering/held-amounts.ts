import { type ConcernHealth, Slots } from '@sluice/core';
import type { HeldPlace, Hold, Meters, Settlement } from '@sluice/store/ports';
import { PendingSettlements } from './pending-settlements.ts';

/** A place or an amount is lost so long after its replica died. */
export const LEASE_MS = 30_000;
/** How long after a failure what could not be settled is tried again. */
const RETRY_MS = 1_000;
/** Settlements that may wait for the store; beyond it they are given up, and the lease of their reservation frees it. */
const MAX_UNSETTLED = 10_000;

/** Whose a hold is. */
interface Holder {
  readonly tenant: string;
  readonly subject: string;
  readonly callId: string;
}

interface Held {
  readonly of: Holder;
  readonly holds: readonly Hold[];
}

interface Unsettled {
  readonly settlement: Settlement;
  readonly onSettled: () => void;
}

/** What this process holds of meters for calls under way: renewed while they last, given back or settled when they end. */
export class HeldAmounts {
  readonly #meters: Meters;
  readonly #health: ConcernHealth;
  readonly #pending: PendingSettlements;
  readonly #held = new Slots<Held>();
  /** The slot of each call in `#held`. Holds numbers only: a `Map` with churn must not reference calls (see `Slots`). */
  readonly #slots = new Map<string, number>();
  #releasing: HeldPlace[] = [];
  #renewal: NodeJS.Timeout | undefined;
  #unsettled: Unsettled[] = [];
  #retry: NodeJS.Timeout | undefined;

  constructor(meters: Meters, health: ConcernHealth, pending = new PendingSettlements()) {
    this.#meters = meters;
    this.#health = health;
    this.#pending = pending;
  }

  /** @param holds what was reserved for the call */
  hold(of: Holder, holds: readonly Hold[]): void {
    if (!holds.some(({ kind }) => kind !== 'window')) return;
    this.#drop(of.callId);
    this.#slots.set(of.callId, this.#held.add({ of, holds }));
    this.#renewal ??= setInterval(() => this.#renew(), LEASE_MS / 3).unref();
  }

  /** Gives back what has no amount: places, and what a reservation that may still run would take. */
  release(places: readonly HeldPlace[]): void {
    for (const { callId } of places) this.#forget(callId);
    this.#releasing.push(...places);
    if (this.#releasing.length > places.length || places.length === 0) return;
    // together with those of the other calls that end in this turn of the event loop; a client's next call comes after it
    setImmediate(() => {
      const all = this.#releasing;
      this.#releasing = [];
      this.#meters.release(all).catch((error: unknown) => this.#health.failed(error));
    });
  }

  /** @param onSettled told when the store knows of it */
  settle(settlement: Settlement, onSettled: () => void = () => {}): void {
    this.#forget(settlement.callId);
    this.#meters.settle(settlement).then(onSettled, (error: unknown) => {
      this.#pending.add();
      this.#settleLater({ settlement, onSettled }, error);
    });
  }

  /** What was spent must not be forgotten with the store away. A settlement whose answer alone was lost changes nothing when it comes again. */
  #settleLater(unsettled: Unsettled, error: unknown): void {
    this.#health.failed(error);
    // an amount that no store can count does not become countable
    if (error instanceof RangeError || this.#unsettled.length >= MAX_UNSETTLED) {
      this.#pending.remove();
      return;
    }
    this.#unsettled.push(unsettled);
    this.#retry ??= setTimeout(() => void this.#settleWaiting(), RETRY_MS).unref();
  }

  /** One after the other: a store that hangs must not be heaped with them. The one that fails goes to the end, so that it holds up no other. */
  async #settleWaiting(): Promise<void> {
    this.#retry = undefined;
    for (let next = this.#unsettled.shift(); next !== undefined; next = this.#unsettled.shift()) {
      try {
        await this.#meters.settle(next.settlement);
        next.onSettled();
        this.#pending.remove();
      } catch (error) {
        this.#settleLater(next, error);
        return;
      }
    }
  }

  #forget(callId: string): void {
    this.#drop(callId);
    if (this.#held.size > 0) return;
    clearInterval(this.#renewal);
    this.#renewal = undefined;
  }

  #drop(callId: string): void {
    const slot = this.#slots.get(callId);
    if (slot === undefined) return;
    this.#held.remove(slot);
    this.#slots.delete(callId);
  }

  #renew(): void {
    const places = this.#held.all().flatMap(({ of, holds }) => holds.flatMap((hold) => heldPlace(of, hold)));
    this.#meters.renew(places).catch((error: unknown) => this.#health.failed(error));
  }
}

/** What of a hold lasts as long as its call. */
export function heldPlace(of: Holder, hold: Hold): HeldPlace[] {
  const { tenant, callId } = of;
  const subject = hold.subject ?? of.subject;
  const place = { tenant, subject, callId, meter: hold.meter, leaseMs: LEASE_MS };
  switch (hold.kind) {
    case 'window':
      return [];
    case 'concurrency':
      return [place];
    case 'budget':
      return [{ ...place, budget: { period: hold.period, amount: hold.amount } }];
  }
}
