import { type BudgetCharge, GRANT_SHARE, LEASE_SHARE, type LeaseGrant, type LeaseRequest } from '../ports/index.ts';

const OF_A_REPLICA = 'lease/';

/** Spend and reservations of a budget. The same algorithm as redis/scripts/include/budgets.lua. */
export class Budget {
  spent = 0;
  reserved = 0;
  /** What of it is reserved for replicas. */
  leased = 0;
  /** By call: the amount, and the end of its lease. */
  readonly #reservations = new Map<string, { readonly amount: number; untilMs: number }>();

  /** Releases expired reservations. */
  free(nowMs: number): void {
    for (const [callId, { amount, untilMs }] of this.#reservations) {
      if (untilMs > nowMs) continue;
      this.#reservations.delete(callId);
      this.reserved -= amount;
      if (callId.startsWith(OF_A_REPLICA)) this.leased -= amount;
    }
  }

  /** What a call may reserve that needs `amount` and would have up to `most`; see redis/scripts/reserve.lua. */
  grant({ amount, most = amount, limit }: BudgetCharge): number {
    const left = Math.max(0, limit - this.spent - this.reserved - amount);
    return Math.min(Math.max(most, amount), amount + Math.floor(left * GRANT_SHARE));
  }

  reserve(callId: string, amount: number, untilMs: number): void {
    this.#reservations.set(callId, { amount, untilMs });
    this.reserved += amount;
  }

  /** Changes what one replica has of it; see redis/scripts/lease-budget.lua. */
  lease({ holder, limit, wanted, promised }: LeaseRequest, untilMs: number): LeaseGrant {
    const member = `${OF_A_REPLICA}${holder}`;
    const before = this.#reservations.get(member);
    if (before !== undefined) {
      this.#reservations.delete(member);
      this.reserved -= before.amount;
      this.leased -= before.amount;
    }
    const left = Math.max(0, limit - this.spent - this.reserved);
    const target = Math.min(wanted, Math.floor((left * LEASE_SHARE) / 1_000));
    const granted = Math.max(target, promised);
    if (granted > 0) this.reserve(member, granted, untilMs);
    this.leased += granted;
    return { granted, target };
  }

  renew(callId: string, nowMs: number, untilMs: number): void {
    const reservation = this.#reservations.get(callId);
    if (reservation !== undefined && reservation.untilMs > nowMs) reservation.untilMs = untilMs;
  }

  /** An amount counts as spent even if its lease has expired. */
  settle(callId: string, actual: number): void {
    const reservation = this.#reservations.get(callId);
    if (reservation !== undefined) this.reserved -= reservation.amount;
    this.#reservations.delete(callId);
    this.spent = Math.min(Number.MAX_SAFE_INTEGER, this.spent + actual);
  }
}
