import type { Money } from '@sluice/core';

/** Who used what: a call is of one of each. Empty where there is none. */
export interface UsageOf {
  readonly tenant: string;
  readonly team: string;
  readonly key: string;
  readonly provider: string;
  /** As the caller asked for it. */
  readonly model: string;
}

/** What it came to. Whole numbers, so that sums are exact. */
export interface UsageAmounts {
  readonly calls: number;
  readonly errors: number;
  readonly hits: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly cost: Money;
  readonly saved: Money;
  /** Calls whose price was not known: their cost is missing from `cost`. */
  readonly unpriced: number;
  /** In milliseconds, all calls together. */
  readonly latencyMs: number;
}

/** One day's sum of one combination. */
export interface UsageSum extends UsageOf, UsageAmounts {
  /** `2026-11-24`, in UTC. */
  readonly day: string;
}

export const USAGE_DIMENSIONS = ['tenant', 'team', 'key', 'provider', 'model'] as const satisfies readonly (keyof UsageOf)[];

export const USAGE_AMOUNTS = [
  'calls',
  'errors',
  'hits',
  'inputTokens',
  'cachedInputTokens',
  'cacheWriteTokens',
  'outputTokens',
  'reasoningTokens',
  'cost',
  'saved',
  'unpriced',
  'latencyMs',
] as const satisfies readonly (keyof UsageAmounts)[];

/** Sums of the same day and combination as one. */
export function addUsage(sums: Iterable<UsageSum>, nameOf: (sum: UsageSum) => string): Map<string, UsageSum> {
  // added to in place: this is done for each call
  const added = new Map<string, { -readonly [field in keyof UsageSum]: UsageSum[field] }>();
  for (const sum of sums) {
    const name = nameOf(sum);
    const known = added.get(name);
    if (known === undefined) added.set(name, { ...sum });
    else for (const amount of USAGE_AMOUNTS) known[amount] += sum[amount];
  }
  return added;
}
