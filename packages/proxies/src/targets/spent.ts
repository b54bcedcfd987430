import type { LlmCall, Money, Usage } from '@sluice/core';

/** Usage and cost of attempts. */
export interface Spent {
  readonly usage: Usage | undefined;
  readonly cost: Money | undefined;
}

const PARTS = [
  'cachedInputTokens',
  'cacheWriteTokens',
  'cacheWriteHourTokens',
  'reasoningTokens',
  'audioInputTokens',
  'audioOutputTokens',
  'webSearches',
] as const satisfies (keyof Usage)[];

/** Adds up the usage and cost of two attempts. */
export function sumOf(one: Spent, other: Spent): Spent {
  return { usage: usageSum(one.usage, other.usage), cost: moneySum(one.cost, other.cost) };
}

/** Returns the cost and usage that would be billed if the call ended now: attempts that have ended, and attempts in flight. */
export function accruedOf({ facts }: LlmCall): Spent {
  return facts.inFlight.reduce<Spent>((sum, attempt) => sumOf(sum, attempt.accrued()), { usage: facts.usage, cost: facts.cost });
}

function usageSum(one: Usage | undefined, other: Usage | undefined): Usage | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const sum: { -readonly [Part in keyof Usage]: Usage[Part] } = {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
  };
  for (const part of PARTS) {
    if (one[part] !== undefined || other[part] !== undefined) sum[part] = (one[part] ?? 0) + (other[part] ?? 0);
  }
  return sum;
}

const moneySum = (one: Money | undefined, other: Money | undefined): Money | undefined =>
  one === undefined || other === undefined ? (one ?? other) : one + other;
