import type { Money } from '@sluice/core';
import type { BudgetLeases } from './budget-leases.ts';
import type { Admission, Limiter, PlannedReservation, Unchecked } from './limiter.ts';
import { type CallPlan, isHardBudget, type PlannedCharge } from './plan.ts';
import type { RecordedShare, ReplicaShares } from './replica-shares.ts';

export interface FallbackLimiterOptions {
  /** This replica's shares of limits of requests, tokens and concurrent calls. */
  readonly shares?: ReplicaShares;
  /** This replica's leases of hard budgets. */
  readonly leases?: BudgetLeases;
}

const UNCHECKED: Unchecked = { admitted: false, reason: 'unchecked' };

/**
 * Admits calls while the store is unavailable: within this replica's share of the limits, and from its leases of hard budgets.
 * Soft budgets never refuse a call.
 *
 * @example
 * const decision = await shared.admit(plan, signal);
 * return !decision.admitted && decision.reason === 'unchecked' ? fallback.admit(plan) : decision;
 */
export class FallbackLimiter implements Limiter {
  readonly #shares: ReplicaShares | undefined;
  readonly #leases: BudgetLeases | undefined;

  constructor({ shares, leases }: FallbackLimiterOptions = {}) {
    this.#shares = shares;
    this.#leases = leases;
  }

  admit(plan: CallPlan): Admission | Unchecked {
    const limits = plan.charges.filter(({ kind }) => kind !== 'budget');
    const share = limits.length === 0 ? undefined : this.#shares?.tryAdmit(plan, limits);
    if (limits.length > 0 && share === undefined) return UNCHECKED;
    const budgets = plan.charges.filter(isHardBudget);
    if (budgets.length > 0 && this.#leases?.take(plan, budgets) !== true) {
      share?.settle(() => 0);
      return UNCHECKED;
    }
    return { admitted: true, reserved: plan.charges.map(unconfirmed), confirmed: false, share };
  }

  /** Records a call that the store has admitted: it uses a part of this replica's share. */
  record(plan: CallPlan): RecordedShare<PlannedCharge> | undefined {
    return this.#shares?.record(plan, plan.charges);
  }

  /** Returns the unused part of a lease after the store has refused a call of its budget. */
  giveBack(plan: CallPlan, charge: PlannedCharge): void {
    if (charge.kind === 'budget') this.#leases?.giveBack(plan, charge);
  }

  /** Settles the leases of a call. Returns a function to call when the store has recorded the cost. */
  settle(plan: CallPlan, { reserved, confirmed }: Admission, cost: Money): (() => void) | undefined {
    const leases = this.#leases;
    if (leases === undefined) return undefined;
    const onRecorded = confirmed ? undefined : leases.settled(plan, plan.charges.filter(isHardBudget), cost);
    for (const { charge, amount } of reserved) {
      // end users are too many for leases of their budgets
      if (isHardBudget(charge) && charge.owner?.kind !== 'user') leases.spent(plan, charge, cost, amount);
    }
    return onRecorded;
  }
}

const unconfirmed = (charge: PlannedCharge): PlannedReservation => {
  const amount = charge.kind === 'concurrency' ? 1 : charge.amount;
  return { charge, amount, receipt: undefined, state: undefined };
};
