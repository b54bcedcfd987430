import { defined, type LimitSettings, toUsd } from '@sluice/core';
import { periodAt } from '@sluice/proxies';
import type { Meters } from '@sluice/store/ports';
import type { Spending } from '../schemas/limits-schema.ts';

interface BudgetOwner {
  readonly tenant: string;
  readonly subject: string;
  readonly limits: LimitSettings;
}

/**
 * Returns the amounts spent and reserved in the current budget period; a list for several budgets, an empty object without a budget.
 */
export async function budgetNow(
  { tenant, subject, limits }: BudgetOwner,
  meters: Pick<Meters, 'budget'>,
  nowMs: number,
): Promise<{ readonly spending?: Spending | Spending[] | undefined }> {
  if (limits.budget === undefined) return {};
  const spending = await Promise.all(
    [limits.budget].flat().map(async ({ amount, period, soft }) => {
      const { name } = periodAt(period, nowMs);
      const { spent, reserved, leased } = await meters.budget({ tenant, subject, meter: 'budget', period: name });
      return {
        period: name,
        ...defined({ soft: soft || undefined }),
        limitUsd: toUsd(amount),
        spentUsd: toUsd(spent),
        reservedUsd: toUsd(reserved),
        leasedUsd: toUsd(leased),
      };
    }),
  );
  return { spending: Array.isArray(limits.budget) ? spending : spending[0] };
}
