import { type Limits, toUsd } from '@sluice/core';
import { periodAt } from '@sluice/proxies';
import type { Meters } from '@sluice/store/ports';

interface BudgetOwner {
  readonly tenant: string;
  readonly subject: string;
  readonly limits: Limits;
}

/** What somebody has spent in the stretch of the calendar that it is now, and what is reserved for calls under way. Nothing for who has no budget. */
export async function budgetNow(
  { tenant, subject, limits }: BudgetOwner,
  meters: Pick<Meters, 'budget'>,
  nowMs: number,
): Promise<object> {
  if (limits.budget === undefined) return {};
  const { amount, period, soft } = limits.budget;
  const { name } = periodAt(period, nowMs);
  const { spent, reserved, leased } = await meters.budget({ tenant, subject, meter: 'budget', period: name });
  return {
    spending: {
      period: name,
      ...(soft ? { soft } : {}),
      limitUsd: toUsd(amount),
      spentUsd: toUsd(spent),
      reservedUsd: toUsd(reserved),
      leasedUsd: toUsd(leased),
    },
  };
}
