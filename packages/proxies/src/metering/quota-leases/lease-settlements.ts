import type { DependencyHealth } from '@sluice/core';
import type { Meters, QuotaLeaseSettlement, ReservationRequest } from '@sluice/store/ports';
import type { PendingSettlements } from '../pending-settlements.ts';

/** Delay before a failed settlement is sent again, in ms. */
const RETRY_MS = 1_000;

export interface LeaseSettlementsOptions {
  readonly meters: Pick<Meters, 'settle' | 'settleQuotaLeases'>;
  readonly health: DependencyHealth;
  readonly pending: PendingSettlements;
}

/**
 * Sends the settlements of quota leases until the store has recorded them. None is dropped: this replica would renew what a dropped
 * one returns together with its other reservations. Their number is bounded, because there are no leases while the store is
 * unavailable.
 */
export class LeaseSettlements {
  readonly #options: LeaseSettlementsOptions;

  constructor(options: LeaseSettlementsOptions) {
    this.#options = options;
  }

  /**
   * Sends a settlement. Resolves after the first attempt, also if it fails.
   *
   * @param onRecorded called when the store has recorded the settlement
   */
  send(settlement: QuotaLeaseSettlement, onRecorded: () => void): Promise<void> {
    return this.#attempt(() => this.#options.meters.settleQuotaLeases(settlement), onRecorded, true);
  }

  /** Returns everything that the reservation of a lease may have taken. If it still runs later, it takes nothing. */
  withdraw({ tenant, subject, callId, charges }: ReservationRequest): Promise<void> {
    const unused = charges.map((charge) => ({ charge, actual: 0 }));
    const settlement = { tenant, subject, callId, unconfirmed: true, charges: unused };
    return this.#attempt(
      () => this.#options.meters.settle(settlement),
      () => {},
      true,
    );
  }

  async #attempt(settle: () => Promise<void>, onRecorded: () => void, isFirst: boolean): Promise<void> {
    const { health, pending } = this.#options;
    try {
      await settle();
    } catch (error) {
      health.failure(error);
      // a store will never accept an amount that it cannot count
      if (error instanceof RangeError) return onRecorded();
      if (isFirst) pending.add();
      // a repeated settlement counts nothing twice
      setTimeout(() => void this.#attempt(settle, onRecorded, false), RETRY_MS).unref();
      return;
    }
    if (!isFirst) pending.remove();
    onRecorded();
  }
}
