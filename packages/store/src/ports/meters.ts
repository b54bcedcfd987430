import type { MeterState, Money } from '@sluice/core';

interface Owned {
  /** The owner of the limit if it is not the caller: a team or a tenant. */
  readonly subject?: string | undefined;
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

/** A slot of the calls in flight. */
export interface SlotCharge extends Owned {
  readonly kind: 'concurrency';
  readonly meter: string;
  readonly limit: number;
  /** The number of slots, 1 by default. Only a quota lease has more. */
  readonly amount?: number | undefined;
  /** Lifetime of the slots of a replica without its reservations and `renew`, in ms: a crashed replica does not release them. */
  readonly leaseMs: number;
}

/** An amount of a budget that is reserved until the actual cost of the call is known. */
export interface BudgetCharge extends Owned {
  readonly kind: 'budget';
  readonly meter: string;
  readonly limit: Money;
  /** The minimum to reserve: a budget with less is exhausted. */
  readonly amount: Money;
  /**
   * The maximum to reserve, `amount` by default. The store grants `amount` plus 1 % (`GRANT_SHARE`) of the remaining budget, up
   * to this maximum. Several budgets of one call all reserve the smallest of their grants.
   */
  readonly maxAmount?: Money | undefined;
  /** The calendar period, which is a part of the meter's name: `2026-11`. No counter is ever reset. */
  readonly period: string;
  /** The end of the period, in ms since the epoch. Undefined for a budget without an end. */
  readonly endsAtMs: number | undefined;
  /** Lifetime of a replica's reservations without others and `renew`, in ms: a crashed replica does not release them. */
  readonly leaseMs: number;
}

export type Charge = WindowCharge | SlotCharge | BudgetCharge;

/** Identifies the reservation of a call. */
export interface MeteredCall {
  /** All limits of a tenant are on one shard. */
  readonly tenant: string;
  /** The caller within the tenant: the owner of charges without a `subject`. */
  readonly subject: string;
  /** Reservations are idempotent: a second one under the same id returns the first result. */
  readonly callId: string;
}

export interface ReservationRequest<C extends Charge = Charge> extends MeteredCall {
  readonly charges: readonly C[];
  /**
   * Set for a quota lease: the amounts are the sums of many calls, which `settleQuotaLeases` settles. `callId` is the id of the
   * lease.
   */
  readonly isQuotaLease?: boolean;
}

/** A charge that the store has reserved. */
export interface ReservedCharge<C extends Charge = Charge> {
  readonly charge: C;
  /** The reserved amount: of a budget what it has granted, of the calls in flight the number of slots. */
  readonly amount: number;
  /**
   * Opaque: `settle` uses it to find what was counted. Undefined if the store did not confirm the reservation. Of a quota lease, two
   * receipts of one limit are equal (`===`) if one settlement can return the sum of their amounts.
   */
  readonly receipt: unknown;
  readonly state: MeterState;
}

export interface Admitted<C extends Charge = Charge> {
  readonly admitted: true;
  /** One entry per charge of the request, in its order. */
  readonly reserved: readonly ReservedCharge<C>[];
  /**
   * Of a quota lease with a window: the time in ms, from the decision of the store, until the first sub-window ends that has counted
   * the lease. A call that uses the lease later would be counted too early.
   */
  readonly usableMs?: number | undefined;
}

/** At least one limit has no room for the call. */
export interface Exhausted<C extends Charge = Charge> {
  readonly admitted: false;
  readonly reason: 'exhausted';
  /** The first charge that does not fit, and the state of its meter. */
  readonly charge: C;
  readonly state: MeterState;
  /** Set for a budget: calls in flight have reserved the rest, so that room may return before the period ends. */
  readonly inFlight?: true;
  /** The delay until a retry may succeed, in ms. */
  readonly retryAfterMs: number;
  readonly meters: readonly MeterState[];
}

/** The call was released or settled before this reservation. This says nothing about its limits. */
export interface AlreadySettled {
  readonly admitted: false;
  readonly reason: 'already_settled';
}

export type ReservationResult<C extends Charge = Charge> = Admitted<C> | Exhausted<C> | AlreadySettled;

/** The actual amount of a charge. */
export interface SettledCharge {
  readonly charge: Charge;
  /** In the unit of the limit; ignored for slots. */
  readonly actual: number;
  /** From the `ReservedCharge`. By default the amount of the charge. */
  readonly amount?: number | undefined;
  /** From the `ReservedCharge`. Without it, a window keeps what was reserved in excess. */
  readonly receipt?: unknown;
}

/** The end of a call. */
export interface Settlement extends MeteredCall {
  /**
   * True if the caller did not receive the response to its reservation. The store then uses its own record of the reservation; if
   * the reservation never reached the store, the full actual amounts are counted.
   */
  readonly unconfirmed?: boolean;
  readonly charges: readonly SettledCharge[];
}

/** A call of a quota lease that has ended. */
export interface EndedCall {
  readonly callId: string;
  /** The part of this call in the actual amount of each budget. */
  readonly cost: Money;
}

/** What ended calls of quota leases have used, and what the leases return, in sums. */
export interface QuotaLeaseSettlement extends MeteredCall {
  /** Identifies the settlement, which is idempotent. No reservation has this id. */
  readonly callId: string;
  /**
   * The sums of one limit and receipt are one entry: `amount` is the part of the leases that ends, and the rest stays reserved. An
   * unused part has the actual amount 0.
   */
  readonly charges: readonly SettledCharge[];
  /**
   * Calls of at least `LONG_CALL_MS`. The cost of a call that another replica has settled is not counted again, and their ends are
   * remembered.
   */
  readonly ended: readonly EndedCall[];
  /** Ids of leases that no call uses any more. */
  readonly closed: readonly string[];
}

/** Names one budget. */
export interface BudgetName {
  readonly tenant: string;
  readonly subject: string;
  readonly meter: string;
  readonly period: string;
}

/** The state of a budget. */
export interface BudgetState {
  readonly spent: Money;
  /** Reserved by calls in flight. */
  readonly reserved: Money;
  /** Reserved by replicas, to spend while the store is unavailable. */
  readonly leased: Money;
}

/** A replica's request for a part of a budget, to spend while the store is unavailable. */
export interface LeaseRequest extends BudgetName {
  readonly endsAtMs: number | undefined;
  readonly limit: Money;
  /** The id of the replica, which has one lease per budget. */
  readonly holder: string;
  /** The requested amount; at most 5 % of the remaining budget is granted. Unpromised amounts are returned. */
  readonly wanted: Money;
  /** The amount that the replica may have promised to calls already: it stays reserved in any case. */
  readonly promised: Money;
  readonly leaseMs: number;
}

export interface LeaseGrant {
  /** The amount that is reserved for the replica now. */
  readonly granted: Money;
  /** The amount without the replica's promises: it should shrink to this as soon as possible. */
  readonly target: Money;
}

/**
 * Duration from which the end of a call is remembered, in ms. Another replica may settle a call of more than a second if this one
 * crashes at the call's end.
 */
export const LONG_CALL_MS = 500;

/** The share of the remaining budget that one call may reserve beyond its need. */
export const GRANT_SHARE = 0.01;

/** The largest lease of one replica, in thousandths of the remaining budget. */
export const LEASE_SHARE = 50;

interface Held extends MeteredCall {
  readonly meter: string;
  readonly leaseMs: number;
}

/** A slot that a call in flight holds. */
export interface HeldSlot extends Held {
  readonly kind: 'concurrency';
}

/** An amount of a budget that a call in flight has reserved. */
export interface HeldBudget extends Held {
  readonly kind: 'budget';
  readonly period: string;
  /** The reserved amount. */
  readonly amount: Money;
}

/**
 * Counts and limits what callers use, for all replicas together.
 *
 * A window never admits more than its limit in any span of its length. It is counted in sub-windows (60 for a window of a minute
 * or more, 20 for a shorter one), and the oldest sub-window counts as a whole: a window may refuse an amount that fits up to one
 * sub-window later, but it never admits too much. All times are the store's; a clock that is set back reopens nothing.
 */
export interface Meters {
  /**
   * Reserves on all limits, or on none if one is exhausted; a refused call is not charged. A refused call may try again under its
   * id.
   *
   * @throws RangeError for an amount that is not an integer from 0 to 2^53 - 1
   */
  reserve<C extends Charge>(request: ReservationRequest<C>): Promise<ReservationResult<C>>;
  /** Releases slots. Idempotent; a reservation of the same call that arrives later takes nothing. */
  release(slots: readonly HeldSlot[]): Promise<void>;
  /**
   * Releases a call's slots and replaces its reservations by the actual amounts. In a window, the excess leaves the sub-window
   * that counted it, and a shortfall is counted now; in a budget, the reservation becomes spend. Idempotent. An amount counts as
   * spent even if its lease has expired. A reservation that arrives after the settlement takes nothing.
   * Sums saturate at 2^53 - 1.
   *
   * @throws RangeError for an amount that is not an integer from 0 to 2^53 - 1
   */
  settle(settlement: Settlement): Promise<void>;
  /**
   * Settles calls of quota leases, and returns unused parts of the leases, as `settle`. Idempotent.
   *
   * @throws RangeError for an amount that is not an integer from 0 to 2^53 - 1
   */
  settleQuotaLeases(settlement: QuotaLeaseSettlement): Promise<void>;
  /** Returns spend and reservations of a budget. */
  budget(of: BudgetName): Promise<BudgetState>;
  /** Raises the spend of budgets to the ledger after a loss of data. Nothing is ever lowered. */
  raiseToLedger(budgets: readonly BudgetName[]): Promise<void>;
  /** Reserves a part of a budget for a replica, in place of its previous lease. A lease expires after `leaseMs`. */
  lease(request: LeaseRequest): Promise<LeaseGrant>;
  /**
   * Renews the slots and reservations of this replica. Expired ones are not restored. A store may renew all slots of a limit, or all
   * reservations of a budget, together.
   */
  renew(held: readonly (HeldSlot | HeldBudget)[]): Promise<void>;
}

/** Returns the number of sub-windows of a window. A window of a minute or more under-admits by less than 1.7 % of its length. */
export function subWindowsOf(windowMs: number): number {
  return windowMs >= 60_000 ? 60 : 20;
}
