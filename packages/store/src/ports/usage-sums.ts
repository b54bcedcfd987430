import { type Money, SUMMED_TOKENS, type SummedTokens } from '@sluice/core';

/** The dimensions of a call's usage. Empty if a call has no value. */
export interface UsageOf {
  readonly tenant: string;
  readonly team: string;
  readonly key: string;
  readonly provider: string;
  /** As the caller asked for it. */
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
  /** In milliseconds, all calls together. */
  readonly latencyMs: number;
}

/** The sum of one combination for one day, for one hour, or for calls with one tag. */
export interface UsageSum extends UsageOf, UsageAmounts {
  /** `2026-11-24`, in UTC. */
  readonly day: string;
  /** `13`; empty for the whole day. */
  readonly hour: string;
  /** `user=alice`; empty for all calls. A call of several tags is in the sums of each. */
  readonly tag: string;
  /** Why the calls were not answered, as an error's code; empty or not given for answered ones. */
  readonly reason?: string;
}

/** Sums are kept by day, by hour, and by day and tag. */
export const USAGE_TABLES = ['days', 'hours', 'tags'] as const;
export type UsageTable = (typeof USAGE_TABLES)[number];

export const usageTableOf = ({ hour, tag }: Pick<UsageSum, 'hour' | 'tag'>): UsageTable =>
  hour !== '' ? 'hours' : tag !== '' ? 'tags' : 'days';

/** Retention of sums in milliseconds: of days, and of hours and tags, which are more. */
export interface UsageRetention {
  readonly keepMs: number;
  readonly keepDetailedMs: number;
}

/** A year and a month, so that last year's month can be put beside this one; and a month with its last week. */
export const USAGE_RETENTION: UsageRetention = { keepMs: 400 * 86_400_000, keepDetailedMs: 35 * 86_400_000 };

export const USAGE_DIMENSIONS = ['tenant', 'team', 'key', 'provider', 'model'] as const satisfies readonly (keyof UsageOf)[];

/** Amounts of a sum, in the order of the columns of usage reports. The names are also those of the counters in Redis. */
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

/** What a sum is of, beside its day: a text that is another one for each. */
export const combinationOf = (sum: UsageSum): string =>
  JSON.stringify([
    ...USAGE_DIMENSIONS.map((dimension) => sum[dimension]),
    sum.hour,
    sum.tag,
    ...(sum.reason ? [sum.reason] : []),
  ]);

/** Sums of the same name as one. */
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
