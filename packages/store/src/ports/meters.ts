import type { MeterState, Money } from '@sluice/core';

interface Owned {
  /** Whose meter it is, where not the caller's own: its team's or its tenant's. */
  readonly subject?: string;
}

/** So much of one meter as one call needs. */
export interface WindowHold extends Owned {
  readonly kind: 'window';
  /** The meter's name: `requests`. */
  readonly meter: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly amount: number;
}

/** One place among the calls in flight. */
export interface ConcurrencyHold extends Owned {
  readonly kind: 'concurrency';
  readonly meter: string;
  readonly limit: number;
  /** After so many milliseconds without `renew` the place is free again: its holder has died. */
  readonly leaseMs: number;
}

/** An amount of money of a budget, until it is known what the call costs. */
export interface BudgetHold extends Owned {
  readonly kind: 'budget';
  readonly meter: string;
  readonly limit: Money;
  /** The least that has to be left of the budget. */
  readonly amount: Money;
  /**
   * The most that is reserved, in nano-dollars: `amount`, and beyond it a hundredth (`GRANT_SHARE`) of what is left then, up to this. The receipt says
   * how much it is; of several budgets of one call the smallest holds for all of them. `amount` if not given.
   */
  readonly most?: Money;
  /** Which stretch of time it is the budget of, as a part of the meter's name: `2026-11`. Nothing is ever reset. */
  readonly period: string;
  /** When that is over, in milliseconds since the epoch; undefined for a budget without an end. */
  readonly endsAtMs: number | undefined;
  /** After so many milliseconds without `renew` the amount is free again: its holder has died. */
  readonly leaseMs: number;
}

export type Hold = WindowHold | ConcurrencyHold | BudgetHold;

export interface ReservationRequest {
  /** Whose meters they are. All meters of a tenant live on one shard. */
  readonly tenant: string;
  /** Which of the tenant's callers. */
  readonly subject: string;
  /** Reserving twice under one id is reserving once, and both get the same answer. */
  readonly callId: string;
  readonly holds: readonly Hold[];
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
      /** Of a budget: calls in flight have reserved what is left, so that room may come back before the period is over. */
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
  /** The answer to its reservation was not received: unless the reservation was made all the same, all that the call came to is counted now. */
  readonly unreserved?: boolean;
  readonly holds: readonly {
    readonly hold: Hold;
    readonly receipt: number;
    /** What it came to, in the meter's unit; of no meaning for a place among the calls in flight. */
    readonly actual: number;
  }[];
}

/** What is known of a budget. */
export interface BudgetState {
  readonly spent: Money;
  /** For calls under way. */
  readonly reserved: Money;
  /** For replicas, to go on with while the store is away. */
  readonly leased: Money;
}

/** A part of a budget that a replica wants to have, to spend from while the store is away. */
export interface LeaseRequest {
  readonly tenant: string;
  readonly subject: string;
  readonly meter: string;
  readonly period: string;
  readonly endsAtMs: number | undefined;
  readonly limit: Money;
  /** Which replica. It has one lease of a budget at a time. */
  readonly holder: string;
  /** How much; of what is left a twentieth at the most is had. Nothing gives back what is not promised. */
  readonly wanted: Money;
  /** What the replica may have promised to calls already: so much stays reserved in any case. */
  readonly promised: Money;
  readonly leaseMs: number;
}

export interface LeaseGrant {
  /** What is reserved for the replica now. */
  readonly granted: Money;
  /** What would have been without what it has promised: as soon as it can, it should have no more. */
  readonly target: Money;
}

/** Names one budget. */
export interface BudgetName {
  readonly tenant: string;
  readonly subject: string;
  readonly meter: string;
  readonly period: string;
}

/** The part of what is left of a budget that one call may reserve beyond what it needs. */
export const GRANT_SHARE = 0.01;

/** Of what is left of a budget, how many in a thousand one replica may have as its lease. */
export const LEASE_SHARE = 50;

export interface HeldPlace {
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
   * Reserves on all meters at once or, where one is full, on none; what is refused is not charged. A refused call may ask again under its id.
   *
   * @throws RangeError for an amount that is no whole number from 0 to 2^53 - 1
   */
  reserve(request: ReservationRequest): Promise<ReservationResult>;
  /** Gives back the places among the calls in flight that the call holds. Doing it twice, or for a call that holds none, changes nothing. */
  release(places: readonly HeldPlace[]): Promise<void>;
  /**
   * Gives a call's places back and moves its amounts to what they came to: of a window what was too much leaves the sub-window it was counted in, and what was
   * too little is counted now; of a budget what was reserved becomes what is spent. Settling twice changes nothing, and an amount whose lease has run out
   * is spent all the same. A call that is settled before it was reserved takes nothing. Sums saturate at 2^53 - 1.
   *
   * @throws RangeError for an amount that is no whole number from 0 to 2^53 - 1
   */
  settle(settlement: Settlement): Promise<void>;
  /** What a budget has come to. */
  budget(of: BudgetName): Promise<BudgetState>;
  /** Raises what is spent of budgets to what the ledger says, after the store lost data. Nothing is ever lowered. */
  raiseToLedger(budgets: readonly BudgetName[]): Promise<void>;
  /** Reserves a part of a budget for a replica, in place of the one that it has; it is free again when its time is over. */
  lease(request: LeaseRequest): Promise<LeaseGrant>;
  /** Keeps places for another lease; a place whose lease has run out stays lost. */
  renew(places: readonly HeldPlace[]): Promise<void>;
}

/** How many sub-windows a window is counted in: under 1.7 % of a minute is the most that is under-admitted. */
export function subWindowsOf(windowMs: number): number {
  return windowMs >= 60_000 ? 60 : 20;
}
