import { type BudgetCharge, GRANT_SHARE, LEASE_SHARE, type LeaseGrant, type LeaseRequest } from '../ports/index.ts';

const OF_A_REPLICA = 'lease/';

/** Spend and reservations of a budget. The same algorithm as redis/scripts/include/budgets.lua. */
export class Budget {
  spent = 0;
  reserved = 0;
  /** The part of `reserved` that replicas have leased. */
  leased = 0;
  /** By call id, or by replica for a lease. */
  readonly #reservations = new Map<string, { amount: number; untilMs: number }>();

  /** Releases expired reservations. */
  free(nowMs: number): void {
    for (const [callId, { amount, untilMs }] of this.#reservations) {
      if (untilMs > nowMs) continue;
      this.#reservations.delete(callId);
      this.reserved -= amount;
      if (callId.startsWith(OF_A_REPLICA)) this.leased -= amount;
    }
  }

  /** Returns the amount that a call may reserve; see redis/scripts/reserve.lua. */
  grant({ amount, maxAmount = amount, limit }: BudgetCharge): number {
    const remaining = Math.max(0, limit - this.spent - this.reserved - amount);
    return Math.min(Math.max(maxAmount, amount), amount + Math.floor(remaining * GRANT_SHARE));
  }

  reserve(callId: string, amount: number, untilMs: number): void {
    this.#reservations.set(callId, { amount, untilMs });
    this.reserved += amount;
  }

  /** Replaces the lease of a replica; see redis/scripts/lease-budget.lua. */
  lease({ holder, limit, wanted, promised }: LeaseRequest, untilMs: number): LeaseGrant {
    const member = `${OF_A_REPLICA}${holder}`;
    const previous = this.#reservations.get(member);
    if (previous !== undefined) {
      this.#reservations.delete(member);
      this.reserved -= previous.amount;
      this.leased -= previous.amount;
    }
    const remaining = Math.max(0, limit - this.spent - this.reserved);
    const target = Math.min(wanted, Math.floor((remaining * LEASE_SHARE) / 1_000));
    const granted = Math.max(target, promised);
    if (granted > 0) this.reserve(member, granted, untilMs);
    this.leased += granted;
    return { granted, target };
  }

  /** Renews a reservation that has not expired. */
  renew(callId: string, nowMs: number, untilMs: number): void {
    const reservation = this.#reservations.get(callId);
    if (reservation !== undefined && reservation.untilMs > nowMs) reservation.untilMs = untilMs;
  }

  /** Replaces a part of a reservation by the actual amount, which counts even if the reservation has expired. */
  settlePart(id: string, amount: number, actual: number): void {
    const reservation = this.#reservations.get(id);
    if (reservation !== undefined) {
      const back = Math.min(reservation.amount, amount);
      reservation.amount -= back;
      this.reserved -= back;
      if (reservation.amount === 0) this.#reservations.delete(id);
    }
    this.spent = Math.min(Number.MAX_SAFE_INTEGER, this.spent + actual);
  }

  /** Replaces a reservation by the actual amount, which counts even if the reservation has expired. */
  settle(callId: string, actual: number): void {
    const reservation = this.#reservations.get(callId);
    if (reservation !== undefined) this.reserved -= reservation.amount;
    this.#reservations.delete(callId);
    this.spent = Math.min(Number.MAX_SAFE_INTEGER, this.spent + actual);
  }
}
