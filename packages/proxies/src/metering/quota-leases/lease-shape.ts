import type { Charge, ReservationRequest } from '@sluice/store/ports';

/** Returns the amount that a call takes from a limit at least. */
export const amountOf = (charge: Charge): number => (charge.kind === 'concurrency' ? (charge.amount ?? 1) : charge.amount);

/** Returns the largest amount that a call takes from a limit. */
export function maxAmountOf(charge: Charge): number {
  return charge.kind === 'budget' ? Math.max(charge.amount, charge.maxAmount ?? charge.amount) : amountOf(charge);
}

/** Returns whether two calls take from the same limits, whatever their amounts. */
export function isSameShape(some: readonly Charge[], others: readonly Charge[]): boolean {
  if (some.length !== others.length) return false;
  for (let n = 0; n < some.length; n++) if (!isSameLimit(some[n] as Charge, others[n] as Charge)) return false;
  return true;
}

function isSameLimit(one: Charge, other: Charge): boolean {
  if (one.kind !== other.kind || one.meter !== other.meter) return false;
  if (one.subject !== other.subject || one.limit !== other.limit) return false;
  if (one.kind === 'window') return one.windowMs === (other as typeof one).windowMs;
  if (one.leaseMs !== (other as typeof one).leaseMs) return false;
  return one.kind === 'concurrency' || isSamePeriod(one, other as typeof one);
}

const isSamePeriod = (
  one: { readonly period: string; readonly endsAtMs: number | undefined },
  other: { readonly period: string; readonly endsAtMs: number | undefined },
): boolean => one.period === other.period && one.endsAtMs === other.endsAtMs;

/** Returns whether a lease can have the amounts of a call: the store grants the same amount of each budget. */
export function isLeasable({ charges, isQuotaLease = false }: ReservationRequest): boolean {
  let budget: number | undefined;
  for (const charge of charges) {
    if (charge.kind !== 'budget') continue;
    if (budget !== undefined && budget !== charge.amount) return false;
    budget = charge.amount;
  }
  return charges.length > 0 && !isQuotaLease;
}
