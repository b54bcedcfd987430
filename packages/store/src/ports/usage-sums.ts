import { type Money, SUMMED_TOKENS, type SummedTokens } from '@sluice/core';

/** The dimensions of a call's usage. A dimension without a value is empty. */
export interface UsageOf {
  readonly tenant: string;
  readonly team: string;
  readonly key: string;
  readonly provider: string;
  /** The model's name in the request. */
  readonly model: string;
}

/** Tokens of a call, by kind (`TOKEN_KINDS`). */
type TokenAmounts = { readonly [Field in SummedTokens['field']]: number };

/** The amounts of a call. Integers, so that sums are exact. */
export interface UsageAmounts extends TokenAmounts {
  readonly calls: number;
  readonly errors: number;
  readonly hits: number;
  readonly cost: Money;
  readonly saved: Money;
  /** Calls with an unknown price: their cost is missing from `cost`. */
  readonly unpriced: number;
  /** Sum over all calls, in milliseconds. */
  readonly latencyMs: number;
}

/** The amounts of one combination of dimensions: for a day, for an hour, or for a day's calls with one tag. */
export interface UsageSum extends UsageOf, UsageAmounts {
  /** `2026-11-24`, in UTC. */
  readonly day: string;
  /** `13`; empty for the whole day. */
  readonly hour: string;
  /** `user=alice`; empty for all calls. A call with several tags is in the sum of each. */
  readonly tag: string;
  /** Error code of unanswered calls; empty or absent for answered calls. */
  readonly reason?: string;
}

/** Tables of sums: by day, by hour, and by day and tag. */
export const USAGE_TABLES = ['days', 'hours', 'tags'] as const;
export type UsageTable = (typeof USAGE_TABLES)[number];

/** Returns the table of a sum. */
export const usageTableOf = ({ hour, tag }: Pick<UsageSum, 'hour' | 'tag'>): UsageTable =>
  hour !== '' ? 'hours' : tag !== '' ? 'tags' : 'days';

/** Retention of sums, in milliseconds. */
export interface UsageRetention {
  /** Sums by day. */
  readonly keepMs: number;
  /** Sums by hour and by tag, of which there are more. */
  readonly keepDetailedMs: number;
}

/** Days: a year and a month, to compare a month with that of the year before. Hours and tags: a month and some days. */
export const USAGE_RETENTION: UsageRetention = { keepMs: 400 * 86_400_000, keepDetailedMs: 35 * 86_400_000 };

export const USAGE_DIMENSIONS = ['tenant', 'team', 'key', 'provider', 'model'] as const satisfies readonly (keyof UsageOf)[];

/** Amounts of a sum, in the order of the columns of usage reports. */
export const USAGE_AMOUNTS = [
  'calls',
  'errors',
  'hits',
  ...SUMMED_TOKENS,
  'cost',
  'saved',
  'unpriced',
  'latencyMs',
] as const satisfies readonly (keyof UsageAmounts)[];

/** Returns a text that identifies a sum within its day: its dimensions, hour, tag and reason. */
export const combinationOf = (sum: UsageSum): string =>
  JSON.stringify([
    ...USAGE_DIMENSIONS.map((dimension) => sum[dimension]),
    sum.hour,
    sum.tag,
    ...(sum.reason ? [sum.reason] : []),
  ]);

/** Adds up the sums that have the same name. */
export function addUsage(sums: Iterable<UsageSum>, nameOf: (sum: UsageSum) => string): Map<string, UsageSum> {
  // sums are changed in place, because this runs for every call
  const added = new Map<string, { -readonly [field in keyof UsageSum]: UsageSum[field] }>();
  for (const sum of sums) {
    const name = nameOf(sum);
    const known = added.get(name);
    if (known === undefined) added.set(name, { ...sum });
    else for (const amount of USAGE_AMOUNTS) known[amount] += sum[amount];
  }
  return added;
}
