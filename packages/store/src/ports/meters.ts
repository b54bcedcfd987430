import type { MeterState, Money } from '@sluice/core';

interface Owned {
  /** The owner, if it is not the caller: a team or a tenant. */
  readonly subject?: string;
}

/** The amount that a call takes from a sliding window. */
export interface WindowCharge extends Owned {
  readonly kind: 'window';
  /** The meter's name: `requests`. */
  readonly meter: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly amount: number;
}

/** One place among the calls in flight. */
export interface SlotCharge extends Owned {
  readonly kind: 'concurrency';
  readonly meter: string;
  readonly limit: number;
  /** Milliseconds without `renew` after which the slot is free again, because its holder has died. */
  readonly leaseMs: number;
}

/** An amount of money of a budget, until it is known what the call costs. */
export interface BudgetCharge extends Owned {
  readonly kind: 'budget';
  readonly meter: string;
  readonly limit: Money;
  /** The minimum that must remain of the budget. */
  readonly amount: Money;
  /**
   * The maximum to reserve, in nano-dollars: `amount`, plus 1 % (`GRANT_SHARE`) of the remaining budget, up to this. The
   * receipt has the reserved
   * amount; of several budgets of one call the smallest applies to all. `amount` by default.
   */
  readonly most?: Money;
  /** Which stretch of time it is the budget of, as a part of the meter's name: `2026-11`. Nothing is ever reset. */
  readonly period: string;
  /** When that is over, in milliseconds since the epoch; undefined for a budget without an end. */
  readonly endsAtMs: number | undefined;
  /** Milliseconds without `renew` after which the amount is free again, because its holder has died. */
  readonly leaseMs: number;
}

export type Charge = WindowCharge | SlotCharge | BudgetCharge;

export interface ReservationRequest {
  /** The tenant. All limits of a tenant are on one shard. */
  readonly tenant: string;
  /** Which of the tenant's callers. */
  readonly subject: string;
  /** Reserving twice under one id is reserving once, and both get the same answer. */
  readonly callId: string;
  readonly holds: readonly Charge[];
}

export type ReservationResult =
  | {
      readonly admitted: true;
      readonly meters: readonly MeterState[];
      /** One a hold: what `settle` has to know of it. A budget's is the amount that was reserved, in nano-dollars. */
      readonly receipts: readonly number[];
    }
  | {
      readonly admitted: false;
      /** The first meter that is full, and which of the holds that is; -1 for a call that was given up before. */
      readonly meter: string;
      readonly full: number;
      /** For a budget: calls in flight have reserved the rest, so that room may return before the period ends. */
      readonly inFlight?: true;
      /** When asking again may help. */
      readonly retryAfterMs: number;
      readonly meters: readonly MeterState[];
    };

/** What became of a call that was admitted. */
export interface Settlement {
  readonly tenant: string;
  readonly subject: string;
  readonly callId: string;
  /**
   * True if the store did not respond at admission. If the reservation never reached the store, the full usage is counted now.
   */
  readonly unreserved?: boolean;
  readonly holds: readonly {
    readonly hold: Charge;
    readonly receipt: number;
    /** The actual amount, in the unit of the limit; ignored for concurrency slots. */
    readonly actual: number;
  }[];
}

/** The state of a budget. */
export interface BudgetState {
  readonly spent: Money;
  /** Reserved for calls in flight. */
  readonly reserved: Money;
  /** For replicas, to go on with while the store is away. */
  readonly leased: Money;
}

/** A replica's request for a part of a budget, to spend while the store is unavailable. */
export interface LeaseRequest {
  readonly tenant: string;
  readonly subject: string;
  readonly meter: string;
  readonly period: string;
  readonly endsAtMs: number | undefined;
  readonly limit: Money;
  /** Which replica. It has one lease of a budget at a time. */
  readonly holder: string;
  /** The requested amount; at most 5 % of the remaining budget is granted. Unpromised amounts are returned. */
  readonly wanted: Money;
  /** What the replica may have promised to calls already: so much stays reserved in any case. */
  readonly promised: Money;
  readonly leaseMs: number;
}

export interface LeaseGrant {
  /** The amount that is reserved for the replica now. */
  readonly granted: Money;
  /** The amount without the replica's promises: it should shrink to this as soon as possible. */
  readonly target: Money;
}

/** Names one budget. */
export interface BudgetName {
  readonly tenant: string;
  readonly subject: string;
  readonly meter: string;
  readonly period: string;
}

/** The share of the remaining budget that one call may reserve beyond its need. */
export const GRANT_SHARE = 0.01;

/** The largest lease of one replica, in thousandths of the remaining budget. */
export const LEASE_SHARE = 50;

export interface HeldSlot {
  readonly tenant: string;
  readonly subject: string;
  readonly callId: string;
  readonly meter: string;
  readonly leaseMs: number;
  /** An amount of a budget instead of a place among the calls in flight. */
  readonly budget?: { readonly period: string; readonly amount: Money };
}

/**
 * Limited quantities, shared by all replicas.
 *
 * A window meter never admits more than its limit in any span of its length. It counts in sub-windows (60 to a window of a minute or
 * more, 20 to a shorter one) and counts the oldest as a whole, so that it may refuse what one sub-window more would have let pass, and
 * never the other way. It takes the store's clock, and a clock that goes back reopens nothing.
 */
export interface Meters {
  /**
   * Reserves on all limits, or on none if one is exhausted; a refused call is not charged. A refused call may try again under
   * its id.
   *
   * @throws RangeError for an amount that is not an integer from 0 to 2^53 - 1
   */
  reserve(request: ReservationRequest): Promise<ReservationResult>;
  /** Gives back the places among the calls in flight that the call holds. Doing it twice, or for a call that holds none, changes nothing. */
  release(places: readonly HeldSlot[]): Promise<void>;
  /**
   * Releases a call's slots and replaces its reservations by the actual amounts. In a window, the excess leaves the sub-window
   * that counted it,
   * and a shortfall is counted now; in a budget, the reservation becomes spend. Settlement is idempotent, and an amount counts
   * as
   * spent even if its lease has expired. A call that is settled before its reservation takes nothing. Sums saturate at 2^53 -
   * 1.
   *
   * @throws RangeError for an amount that is not an integer from 0 to 2^53 - 1
   */
  settle(settlement: Settlement): Promise<void>;
  /** Returns spend and reservations of a budget. */
  budget(of: BudgetName): Promise<BudgetState>;
  /** Raises the spend of budgets to the ledger after a loss of data. Nothing is ever lowered. */
  raiseToLedger(budgets: readonly BudgetName[]): Promise<void>;
  /** Reserves a part of a budget for a replica, in place of the one that it has; it is free again when its time is over. */
  lease(request: LeaseRequest): Promise<LeaseGrant>;
  /** Renews the lease of slots. An expired slot stays lost. */
  renew(places: readonly HeldSlot[]): Promise<void>;
}

/** How many sub-windows a window is counted in: under 1.7 % of a minute is the most that is under-admitted. */
export function subWindowsOf(windowMs: number): number {
  return windowMs >= 60_000 ? 60 : 20;
}
