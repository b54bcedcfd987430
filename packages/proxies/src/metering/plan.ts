import type { BudgetLimit, Limits } from '@sluice/core';
import type { BudgetCharge, Charge } from '@sluice/store/ports';
import { periodAt } from './budget-period.ts';
import { groupSubject, type QuotaScope } from './quota-scope.ts';
import { LEASE_MS } from './reservation-keeper.ts';
import type { ReserveAmounts } from './reserve-amounts.ts';

/** The limit of a soft budget: its amounts are counted as for any budget, but never refused. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** A hold of a call, its owner, and its budget if that is soft. */
export interface PlannedCharge {
  readonly hold: Charge;
  /** Undefined for the key itself. */
  readonly owner: QuotaScope | undefined;
  readonly soft: BudgetLimit | undefined;
}

export const isBudget = (hold: Charge): hold is BudgetCharge => hold.kind === 'budget';

/** Returns whether a limit depends on the estimated usage of a call. */
export const needsEstimate = ({ tokens, budget }: Limits): boolean => tokens !== undefined || budget !== undefined;

/** Lists the holds of a call on the meters of its key or of a group. */
export function planCharges(
  limits: Limits,
  owner: QuotaScope | undefined,
  amounts: ReserveAmounts | undefined,
  nowMs: number,
): PlannedCharge[] {
  const { requests, tokens, budget, concurrent } = limits;
  const of = owner === undefined ? {} : { subject: groupSubject(owner) };
  const holds: PlannedCharge[] = [];
  const add = (hold: Charge, soft?: BudgetLimit): void => {
    holds.push({ hold, owner, soft });
  };
  for (const { limit, windowMs } of requests ?? []) {
    add({ ...of, kind: 'window', meter: 'requests', limit, windowMs, amount: 1 });
  }
  if (amounts !== undefined) {
    // an amount that can never fit is passed on in full: the meter refuses it
    for (const { limit, windowMs } of tokens ?? []) {
      add({ ...of, kind: 'window', meter: 'tokens', limit, windowMs, amount: amounts.tokens });
    }
    for (const one of budget ?? []) {
      const { name: period, endsAtMs } = periodAt(one.period, nowMs);
      const { cost: amount, mostCost: most } = amounts;
      const limit = one.soft ? NO_LIMIT : one.amount;
      const hold = { ...of, kind: 'budget', meter: 'budget', limit, amount, most, period, endsAtMs, leaseMs: LEASE_MS } as const;
      add(hold, one.soft ? one : undefined);
    }
  }
  if (concurrent !== undefined) add({ ...of, kind: 'concurrency', meter: 'concurrent', limit: concurrent, leaseMs: LEASE_MS });
  return holds;
}

/** Returns the holds as reserved: a budget may have granted more than the minimum. */
export function granted(holds: readonly Charge[], receipts: readonly number[]): readonly Charge[] {
  if (!holds.some((hold) => isBudget(hold) && hold.most !== undefined && hold.most > hold.amount)) return holds;
  return holds.map((hold, n) => (isBudget(hold) ? { ...hold, amount: receipts[n] ?? hold.amount } : hold));
}

export const isOfUser = ({ subject }: BudgetCharge): boolean => subject?.startsWith('@user:') === true;

/** Returns the budgets that are enforced. */
export const hardBudgets = (all: readonly PlannedCharge[], holds: readonly Charge[]): BudgetCharge[] =>
  holds.filter((hold, n): hold is BudgetCharge => isBudget(hold) && all[n]?.soft === undefined);

/** Returns the actual amount of a call in the unit of a hold. */
export function actualOf(hold: Charge, tokens: number, cost: number): number {
  if (hold.kind === 'budget') return cost;
  return hold.kind === 'window' && hold.meter === 'requests' ? hold.amount : tokens;
}
