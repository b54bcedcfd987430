import { type Limits, limitsIn, type Money } from '@sluice/core';
import type { BudgetCharge, ReservationRequest, SlotCharge, WindowCharge } from '@sluice/store/ports';
import { periodAt } from './budget-period.ts';
import { groupSubject, type QuotaScope } from './quota-scope.ts';
import { LEASE_MS } from './reservation-keeper.ts';
import type { ReserveAmounts } from './reserve-amounts.ts';

/** The limit of a soft budget in the store: its amounts are counted as for any budget, but never refused. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

interface OfScope {
  /** Undefined for the key itself. */
  readonly owner: QuotaScope | undefined;
}

export interface PlannedBudget extends BudgetCharge, OfScope {
  /** The limit of a soft budget, which refuses no call. Undefined for a hard budget. */
  readonly softLimit: Money | undefined;
}

/** A charge of a call, with the owner of its limit. */
export type PlannedCharge = (WindowCharge & OfScope) | (SlotCharge & OfScope) | PlannedBudget;

/** The charges of a call on all limits that apply to it. */
export interface CallPlan extends ReservationRequest<PlannedCharge> {
  /** Set only if tokens or money are limited. */
  readonly amounts: ReserveAmounts | undefined;
}

export const isHardBudget = (charge: PlannedCharge): charge is PlannedBudget =>
  charge.kind === 'budget' && charge.softLimit === undefined;

/** Returns whether a limit depends on the estimated usage of a call. */
export const needsEstimate = ({ tokens, budget }: Limits): boolean => tokens !== undefined || budget !== undefined;

/** Collects the charges of a call. */
export class ChargeList {
  readonly charges: PlannedCharge[] = [];
  readonly #amounts: ReserveAmounts | undefined;
  readonly #nowMs: number;

  /** @param amounts undefined for a call whose tokens and money are not metered */
  constructor(amounts: ReserveAmounts | undefined, nowMs: number) {
    this.#amounts = amounts;
    this.#nowMs = nowMs;
  }

  /**
   * Adds the charges on the limits of a scope.
   *
   * @param owner undefined for the key itself
   */
  add({ requests, tokens, budget, concurrent }: Limits, owner: QuotaScope | undefined): void {
    const of = { subject: owner === undefined ? undefined : groupSubject(owner), owner };
    for (const { limit, windowMs } of limitsIn(requests)) {
      this.charges.push({ kind: 'window', meter: 'requests', limit, windowMs, amount: 1, ...of });
    }
    if (this.#amounts !== undefined) this.#addAmounts({ tokens, budget }, this.#amounts, of);
    if (concurrent === undefined) return;
    this.charges.push({ kind: 'concurrency', meter: 'concurrent', limit: concurrent, leaseMs: LEASE_MS, ...of });
  }

  #addAmounts({ tokens, budget }: Limits, amounts: ReserveAmounts, of: OfScope & { readonly subject: string | undefined }): void {
    // an amount that can never fit is passed on in full: the meter refuses it
    for (const { limit, windowMs } of limitsIn(tokens)) {
      this.charges.push({ kind: 'window', meter: 'tokens', limit, windowMs, amount: amounts.tokens, ...of });
    }
    for (const { amount: limit, period: kind, soft } of limitsIn(budget)) {
      const { name: period, endsAtMs } = periodAt(kind, this.#nowMs);
      const money = { amount: amounts.cost, maxAmount: amounts.maxCost, period, endsAtMs, leaseMs: LEASE_MS };
      const limits = soft ? { limit: NO_LIMIT, softLimit: limit } : { limit, softLimit: undefined };
      this.charges.push({ kind: 'budget', meter: 'budget', ...limits, ...money, ...of });
    }
  }
}

/** What a call has used. */
export interface ActualAmounts {
  readonly tokens: number;
  readonly cost: Money;
}

/** Returns the actual amount of a call in the unit of a charge. */
export function actualOf(charge: PlannedCharge, { tokens, cost }: ActualAmounts): number {
  if (charge.kind === 'budget') return cost;
  return charge.kind === 'window' && charge.meter === 'requests' ? charge.amount : tokens;
}
