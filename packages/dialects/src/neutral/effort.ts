import type { Effort, ReasoningOptions } from './request.ts';

export const EFFORTS: readonly Effort[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'];

/** Reads an effort; `max`, the highest name at some providers, becomes `xhigh`. Undefined for an unknown value. */
export function knownEffort(value: unknown): Effort | undefined {
  if (value === 'max') return 'xhigh';
  return EFFORTS.find((effort) => effort === value);
}

/** Reasoning tokens of an effort, for providers that count tokens. */
const BUDGETS: Readonly<Record<Exclude<Effort, 'none'>, number>> = {
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 16_384,
  xhigh: 32_768,
};

/** Returns the budget that a reasoning setting contains or implies; 0 disables reasoning. */
export function budgetOf(setting: ReasoningOptions): number | undefined {
  if (setting.budgetTokens !== undefined) return setting.budgetTokens;
  if (setting.effort === undefined) return undefined;
  return setting.effort === 'none' ? 0 : BUDGETS[setting.effort];
}

/** Returns the effort that a reasoning setting contains or implies. */
export function effortOf(setting: ReasoningOptions): Effort | undefined {
  if (setting.effort !== undefined) return setting.effort;
  const { budgetTokens } = setting;
  if (budgetTokens === undefined) return undefined;
  if (budgetTokens === 0) return 'none';
  // with a budget below zero the model decides
  if (budgetTokens < 0) return undefined;
  return (['minimal', 'low', 'medium', 'high'] as const).find((effort) => budgetTokens <= BUDGETS[effort]) ?? 'xhigh';
}
