import type { Money } from './money.ts';
import { TOKEN_PARTS } from './token-kinds.ts';
import type { Usage } from './usage.ts';

/** Usage and cost. Undefined parts are unknown. */
export interface Spent {
  readonly usage: Usage | undefined;
  readonly cost: Money | undefined;
}

/** Optional parts of `Usage` that add up. */
const PARTS = [...TOKEN_PARTS.map(({ field }) => field), 'webSearches'] as const satisfies readonly (keyof Usage)[];

/** Adds up usage and cost. A part that is unknown on one side has the value of the other side. */
export function sumSpent(one: Spent, other: Spent): Spent {
  return { usage: sumUsage(one.usage, other.usage), cost: sumMoney(one.cost, other.cost) };
}

/** Adds up two usages. The sum has no service tier and no issue, which belong to one response. */
export function sumUsage(one: Usage | undefined, other: Usage): Usage;
export function sumUsage(one: Usage | undefined, other: Usage | undefined): Usage | undefined;
export function sumUsage(one: Usage | undefined, other: Usage | undefined): Usage | undefined {
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

const sumMoney = (one: Money | undefined, other: Money | undefined): Money | undefined =>
  one === undefined || other === undefined ? (one ?? other) : one + other;
