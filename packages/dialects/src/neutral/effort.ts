import type { Effort, ReasoningWish } from './request.ts';

export const EFFORTS: readonly Effort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'];

/** Reads an effort: `max`, the most that some providers name, is `xhigh`. Undefined for a value that is none. */
export function knownEffort(value: unknown): Effort | undefined {
  if (value === 'max') return 'xhigh';
  return EFFORTS.find((effort) => effort === value);
}

/** How many tokens of reasoning an effort is, for providers that count them. */
const BUDGETS: Readonly<Record<Exclude<Effort, 'none'>, number>> = {
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 16_384,
  xhigh: 32_768,
};

/** The budget that a wish says or means; 0 says that the model is not to think. */
export function budgetOf(wish: ReasoningWish): number | undefined {
  if (wish.budgetTokens !== undefined) return wish.budgetTokens;
  if (wish.effort === undefined) return undefined;
  return wish.effort === 'none' ? 0 : BUDGETS[wish.effort];
}

/** The effort that a wish says or means. */
export function effortOf(wish: ReasoningWish): Effort | undefined {
  if (wish.effort !== undefined) return wish.effort;
  const { budgetTokens } = wish;
  if (budgetTokens === undefined) return undefined;
  if (budgetTokens === 0) return 'none';
  // a budget below zero leaves it to the model
  if (budgetTokens < 0) return undefined;
  return (['minimal', 'low', 'medium', 'high'] as const).find((effort) => budgetTokens <= BUDGETS[effort]) ?? 'xhigh';
}
