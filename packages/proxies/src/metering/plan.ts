import type { BudgetLimit, Limits, Money } from '@sluice/core';
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
    const subject = owner === undefined ? undefined : groupSubject(owner);
    for (const { limit, windowMs } of requests ?? []) {
      this.charges.push({ kind: 'window', subject, owner, meter: 'requests', limit, windowMs, amount: 1 });
    }
    if (this.#amounts !== undefined) {
      // an amount that can never fit is passed on in full: the meter refuses it
      for (const { limit, windowMs } of tokens ?? []) {
        this.charges.push({ kind: 'window', subject, owner, meter: 'tokens', limit, windowMs, amount: this.#amounts.tokens });
      }
      for (const limit of budget ?? []) this.charges.push(this.#budget(limit, this.#amounts, owner, subject));
    }
    if (concurrent === undefined) return;
    this.charges.push({ kind: 'concurrency', subject, owner, meter: 'concurrent', limit: concurrent, leaseMs: LEASE_MS });
  }

  #budget(
    { amount: limit, period: kind, soft }: BudgetLimit,
    { cost, maxCost }: ReserveAmounts,
    owner: QuotaScope | undefined,
    subject: string | undefined,
  ): PlannedBudget {
    const period = periodAt(kind, this.#nowMs);
    return {
      kind: 'budget',
      subject,
      owner,
      meter: 'budget',
      limit: soft ? NO_LIMIT : limit,
      softLimit: soft ? limit : undefined,
      amount: cost,
      maxAmount: maxCost,
      period: period.name,
      endsAtMs: period.endsAtMs,
      leaseMs: LEASE_MS,
    };
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
