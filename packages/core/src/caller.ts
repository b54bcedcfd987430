import type { Money } from './money.ts';

/** A limit of `limit` units in every span of `windowMs` milliseconds, wherever that span begins. */
export interface WindowLimit {
  readonly limit: number;
  readonly windowMs: number;
}

/** Maximum cost per calendar period (UTC) or in total. */
export interface BudgetLimit {
  readonly amount: Money;
  readonly period: 'day' | 'month' | 'total';
  /** A soft budget is counted and reported when it is exceeded, but never refuses a call. */
  readonly soft?: true;
}

/** Limits of a key. All limits of a list apply. A limit that is not given is not enforced. */
export interface Limits {
  /** Limits over spans of different lengths. */
  readonly requests?: readonly WindowLimit[] | undefined;
  /** Tokens of prompt and response together, over spans of different lengths. */
  readonly tokens?: readonly WindowLimit[] | undefined;
  /** Budgets of different periods. */
  readonly budget?: readonly BudgetLimit[] | undefined;
  /** Maximum number of calls in flight, over all replicas. */
  readonly concurrent?: number | undefined;
  /** Whether a call without a known price is served; `serve` if not given. */
  readonly unpriced?: 'serve' | 'refuse' | undefined;
}

/** One limit, or a list of limits. */
export type OneOrMore<Limit> = Limit | readonly Limit[];

/**
 * Limits as an administrator wrote them, and as stored records and the admin API keep them. Calls are limited by `Limits`:
 * `boundedLimits` makes them.
 */
export interface LimitSettings extends Pick<Limits, 'concurrent' | 'unpriced'> {
  readonly requests?: OneOrMore<WindowLimit> | undefined;
  readonly tokens?: OneOrMore<WindowLimit> | undefined;
  readonly budget?: OneOrMore<BudgetLimit> | undefined;
}

/** What the cache does for the calls of a key or a model, where it differs from the configuration. */
export interface CacheTerms {
  /** Whether a question may be served by the response to another wording of it. */
  readonly near?: boolean | undefined;
  /** Whether a question may be served by the response to a question with the same meaning. */
  readonly semantic?: boolean | undefined;
  /** Maximum share of wrong answers among those that are served by meaning; at most the configured one. 0 to 1. */
  readonly maxErrors?: number | undefined;
  /** Whether identical calls in flight share one call to a provider. */
  readonly coalesce?: boolean | undefined;
  /** Lifetime of entries, in ms. */
  readonly ttl?: number | undefined;
  /** Maximum size of an entry, in bytes. */
  readonly maxEntry?: number | undefined;
}

/** The principal of a call: the result of authentication. It does not contain the secret itself. */
export interface Caller {
  /** Owner of the data. Cache entries and meters of a tenant are never visible to another. */
  readonly tenant: string;
  /** The key's name. Logs and audit records contain it, and never the key itself. */
  readonly keyName: string;
  /** The team that owns the key. */
  readonly team?: string;
  /** Public model names that the key may use, with `*` for any characters. All if not given. */
  readonly models?: readonly string[];
  /** Routes that the key may use, as paths (`/v1/chat/completions`), with `*` for any characters. All if not given. */
  readonly routes?: readonly string[];
  /** Returns whether the key may be used from an address. All addresses are allowed if not given. */
  readonly mayComeFrom?: (address: string) => boolean;
  readonly limits: Limits;
  /** Limits of each end user of the key. The tag `user` identifies the end user. */
  readonly users?: Limits;
  /** Tags of each call with the key. They override tags of the request. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly cache?: CacheTerms;
}
