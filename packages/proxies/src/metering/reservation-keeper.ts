import { type DependencyHealth, Slots } from '@sluice/core';
import type { HeldBudget, HeldSlot, MeteredCall, Meters, ReservedCharge, Settlement } from '@sluice/store/ports';
import { PendingSettlements } from './pending-settlements.ts';

/** Lifetime of a slot or reservation after its replica has crashed, in ms. */
export const LEASE_MS = 30_000;
/** Delay before a failed settlement is retried, in ms. */
const RETRY_MS = 1_000;
/**
 * Maximum number of settlements that wait for the store. Further ones of calls without a confirmed reservation are dropped. Those
 * with one always wait: their number is that of the calls in flight when the store failed, and this replica would renew a
 * dropped reservation together with its others.
 */
const MAX_UNSETTLED = 10_000;

type Reserved = Pick<ReservedCharge, 'charge' | 'amount'>;

interface Held {
  readonly of: MeteredCall;
  readonly reserved: readonly Reserved[];
}

interface Unsettled {
  readonly settlement: Settlement;
  readonly onSettled: () => void;
}

/** Reservations of this process for calls in flight: renewed while the calls last, released or settled at their ends. */
export class ReservationKeeper {
  readonly #meters: Meters;
  readonly #health: DependencyHealth;
  readonly #pending: PendingSettlements;
  readonly #held = new Slots<Held>();
  /** The slot of each call in `#held`. Holds numbers only: a `Map` with churn must not reference calls (see `Slots`). */
  readonly #slots = new Map<string, number>();
  #releasing: HeldSlot[] = [];
  #renewal: NodeJS.Timeout | undefined;
  #unsettled: Unsettled[] = [];
  #retry: NodeJS.Timeout | undefined;

  constructor(meters: Meters, health: DependencyHealth, pending = new PendingSettlements()) {
    this.#meters = meters;
    this.#health = health;
    this.#pending = pending;
  }

  /** Renews the reservations of a call until it is released or settled. */
  track(of: MeteredCall, reserved: readonly Reserved[]): void {
    if (!reserved.some(({ charge }) => charge.kind !== 'window')) return;
    this.#drop(of.callId);
    this.#slots.set(of.callId, this.#held.add({ of, reserved }));
    this.#renewal ??= setInterval(() => this.#renew(), LEASE_MS / 3).unref();
  }

  /** Releases slots, and anything that a late reservation would take. */
  release(slots: readonly HeldSlot[]): void {
    for (const { callId } of slots) this.#forget(callId);
    this.#releasing.push(...slots);
    if (this.#releasing.length > slots.length || slots.length === 0) return;
    // batches the releases of this turn of the event loop; a client's next call arrives later
    setImmediate(() => {
      const all = this.#releasing;
      this.#releasing = [];
      this.#release(all);
    });
  }

  /** A failed release is tried again: this replica would renew a slot that it has lost together with its others. */
  #release(slots: readonly HeldSlot[]): void {
    this.#meters.release(slots).catch((error: unknown) => {
      this.#health.failure(error);
      setTimeout(() => this.#release(slots), RETRY_MS).unref();
    });
  }

  /** @param onSettled called when the store has recorded the settlement */
  settle(settlement: Settlement, onSettled: () => void = () => {}): void {
    this.#forget(settlement.callId);
    this.#meters.settle(settlement).then(onSettled, (error: unknown) => {
      this.#pending.add();
      this.#settleLater({ settlement, onSettled }, error);
    });
  }

  /**
   * Queues a failed settlement for a retry, so that costs are not lost while the store is unavailable. Settlements are
   * idempotent: a retry after a lost response changes nothing.
   */
  #settleLater(unsettled: Unsettled, error: unknown): void {
    this.#health.failure(error);
    const isFull = this.#unsettled.length >= MAX_UNSETTLED && unsettled.settlement.unconfirmed === true;
    // a store will never accept an amount that it cannot count
    if (error instanceof RangeError || isFull) {
      this.#pending.remove();
      return;
    }
    this.#unsettled.push(unsettled);
    this.#retry ??= setTimeout(() => void this.#settleWaiting(), RETRY_MS).unref();
  }

  /**
   * Settles one call after the other, so that a store that does not respond gets no burst. A failed settlement moves to the end
   * of the queue and delays no other.
   */
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
    const held = this.#held.all().flatMap(({ of, reserved }) => [...heldSlots(of, reserved), ...heldBudgets(of, reserved)]);
    this.#meters.renew(held).catch((error: unknown) => this.#health.failure(error));
  }
}

/** Returns the slots of a call. */
export function heldSlots({ tenant, subject: caller, callId }: MeteredCall, reserved: readonly Reserved[]): HeldSlot[] {
  const slots: HeldSlot[] = [];
  for (const { charge } of reserved) {
    const { kind, subject = caller, meter } = charge;
    if (kind === 'concurrency') slots.push({ kind, tenant, subject, callId, meter, leaseMs: LEASE_MS });
  }
  return slots;
}

/** Returns the amounts of budgets that a call has reserved. */
function heldBudgets({ tenant, subject: caller, callId }: MeteredCall, reserved: readonly Reserved[]): HeldBudget[] {
  const budgets: HeldBudget[] = [];
  for (const { charge, amount } of reserved) {
    if (charge.kind !== 'budget') continue;
    const { kind, subject = caller, meter, period } = charge;
    budgets.push({ kind, tenant, subject, callId, meter, leaseMs: LEASE_MS, period, amount });
  }
  return budgets;
}
