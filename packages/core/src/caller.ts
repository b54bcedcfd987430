import type { Money } from './money.ts';

/** A limit of `limit` units in every span of `windowMs` milliseconds, wherever that span begins. */
export interface WindowLimit {
  readonly limit: number;
  readonly windowMs: number;
}

/** One limit, or several of spans of different lengths, all of which hold. */
export type WindowLimits = WindowLimit | readonly WindowLimit[];

/** What may be spent in a stretch of the calendar (UTC), or in all. */
export interface BudgetLimit {
  readonly amount: Money;
  readonly period: 'day' | 'month' | 'total';
  /** It is counted, and told of when it is passed, but nothing is refused for it. */
  readonly soft?: true;
}

/** One budget, or several of different periods, all of which hold. */
export type BudgetLimits = BudgetLimit | readonly BudgetLimit[];

/** One limit or several, as a list. */
export function limitsIn<Limit extends object>(limits: Limit | readonly Limit[] | undefined): readonly Limit[] {
  if (limits === undefined) return NONE;
  return Array.isArray(limits) ? (limits as readonly Limit[]) : [limits as Limit];
}

const NONE: readonly never[] = [];

/** What one key may use at the most. A limit that is not there is not enforced. */
export interface Limits {
  readonly requests?: WindowLimits | undefined;
  /** Tokens, prompt and answer. */
  readonly tokens?: WindowLimits | undefined;
  readonly budget?: BudgetLimits | undefined;
  /** Calls in flight at one time, over all replicas. */
  readonly concurrent?: number | undefined;
  /** What becomes of a call whose price nobody knows; it is served if not said. */
  readonly unpriced?: 'serve' | 'refuse' | undefined;
}

/** Who makes a call: what authentication found behind a key. The secret itself is not kept. */
export interface Caller {
  /** Whose data it is: cache entries and meters of one tenant are never seen by another. */
  readonly tenant: string;
  /** The key's name; it stands in logs and audit records, the key itself never does. */
  readonly keyName: string;
  /** The team that the key is of. */
  readonly team?: string;
  /** The public model names that the key may use, with `*` for any letters; all of them where it is not given. */
  readonly models?: readonly string[];
  /** The routes that it may use, as paths (`/v1/chat/completions`), with `*` for any letters; all of them where it is not given. */
  readonly routes?: readonly string[];
  /** Whether it may be used from an address; from all of them where it is not given. */
  readonly mayComeFrom?: (address: string) => boolean;
  readonly limits: Limits;
  /** What each of its end users may use; they are told apart by the tag `user`. */
  readonly users?: Limits;
  /** Tags of each of its calls, whatever the call says. */
  readonly tags?: Readonly<Record<string, string>>;
}
