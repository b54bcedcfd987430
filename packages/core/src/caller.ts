import type { Money } from './money.ts';

/** A limit of `limit` units in every span of `windowMs` milliseconds, wherever that span begins. */
export interface WindowLimit {
  readonly limit: number;
  readonly windowMs: number;
}

/** One limit, or several for spans of different lengths. All of them apply. */
export type WindowLimits = WindowLimit | readonly WindowLimit[];

/** Maximum cost per calendar period (UTC) or in total. */
export interface BudgetLimit {
  readonly amount: Money;
  readonly period: 'day' | 'month' | 'total';
  /** A soft budget is counted and reported when it is exceeded, but never refuses a call. */
  readonly soft?: true;
}

/** One budget, or several for different periods. All of them apply. */
export type BudgetLimits = BudgetLimit | readonly BudgetLimit[];

/** Returns one limit or several as a list. */
export function limitsIn<Limit extends object>(limits: Limit | readonly Limit[] | undefined): readonly Limit[] {
  if (limits === undefined) return NONE;
  return Array.isArray(limits) ? (limits as readonly Limit[]) : [limits as Limit];
}

const NONE: readonly never[] = [];

/** Limits of a key. A limit that is not given is not enforced. */
export interface Limits {
  readonly requests?: WindowLimits | undefined;
  /** Tokens of prompt and response together. */
  readonly tokens?: WindowLimits | undefined;
  readonly budget?: BudgetLimits | undefined;
  /** Maximum number of calls in flight, over all replicas. */
  readonly concurrent?: number | undefined;
  /** Whether a call without a known price is served; `serve` if not given. */
  readonly unpriced?: 'serve' | 'refuse' | undefined;
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
}
