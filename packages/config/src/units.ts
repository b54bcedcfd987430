import {
  type BudgetLimit,
  defined,
  type LimitSettings,
  type Limits,
  type OneOrMore,
  toUsd,
  usd,
  type WindowLimit,
} from '@sluice/core';
import { z } from 'zod';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  sec: 1_000,
  second: 1_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
};

const DAY_MS = 86_400_000;

/** Bounds of limits. Within them every sum of a limit is exact as a double, in Lua too. */
export const BOUNDS = {
  /** Requests or tokens in a window. */
  windowLimit: 1_000_000_000_000,
  windowMs: 366 * DAY_MS,
  /** Calls in flight at one time. */
  concurrent: 1_000_000,
  /** US dollars: 9e15 nano-dollars are below 2^53. */
  budgetUsd: 9_000_000,
  /** A longer timer of Node.js fires at once: it counts 2^31 - 1 milliseconds. */
  timerMs: 24 * DAY_MS,
  durationMs: 3_660 * DAY_MS,
  bytes: 1_099_511_627_776,
} as const;

const duration = (maxMs: number) =>
  z.string().transform((text, context): number => {
    const [, amount, unit] = /^(\d{1,15}(?:\.\d{1,9})?) ?([a-z]+)$/.exec(text) ?? [];
    const unitMs = unit !== undefined && Object.hasOwn(UNIT_MS, unit) ? (UNIT_MS[unit] ?? 0) : 0;
    const ms = Number(amount ?? 0) * unitMs;
    if (ms > 0 && ms <= maxMs) return ms;
    const message = `expected a duration such as 250ms, 30s, 5min, 1h or 7d, of at most ${maxMs / DAY_MS}d`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

/** Reads `250ms`, `30s`, `5min`, `1h`, `7d` as milliseconds that a timer can wait: at most 24 days. */
export const durationMs = duration(BOUNDS.timerMs);

/** Reads a retention period of at most ten years. */
export const longDurationMs = duration(BOUNDS.durationMs);

/** `60/min`, `1000/h`, `5/10s`: so much in every span of that length. */
export const windowLimit = z.string().transform((text, context): WindowLimit => {
  const [, limit, spans = '1', unit] = /^(\d+) ?\/ ?(\d+)? ?([a-z]+)$/.exec(text) ?? [];
  const unitMs = unit !== undefined && Object.hasOwn(UNIT_MS, unit) ? (UNIT_MS[unit] ?? 0) : 0;
  const windowMs = Number(spans) * unitMs;
  if (limit === undefined || Number(limit) > BOUNDS.windowLimit || windowMs < 1_000 || windowMs > BOUNDS.windowMs) {
    const message = `expected a limit such as 60/min, 1000/h or 5/10s: at most ${BOUNDS.windowLimit}, over 1s to ${BOUNDS.windowMs / DAY_MS}d`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
  return { limit: Number(limit), windowMs };
});

/** One limit, or a list of limits over spans of different lengths: `[60/min, 1000/day]`. */
export const windowLimits = z.union([
  windowLimit,
  z
    .array(windowLimit)
    .min(1)
    .max(5)
    .refine(
      (limits) => new Set(limits.map(({ windowMs }) => windowMs)).size === limits.length,
      'expected one limit for each span',
    ),
]);

/** `50 USD/month`, `5 USD/day`, `100 USD` in all. */
export const budgetLimit = z.string().transform((text, context): BudgetLimit => {
  const [, amount, period = 'total', soft] = /^(\d+(?:\.\d+)?) ?USD(?: ?\/ ?(day|month|total))?( soft)?$/.exec(text) ?? [];
  if (amount === undefined || Number(amount) > BOUNDS.budgetUsd || usd(Number(amount)) < 1) {
    const message = `expected a budget such as 50 USD/month, 5 USD/day soft or 100 USD, of 0.000000001 to ${BOUNDS.budgetUsd} USD`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
  return {
    amount: usd(Number(amount)),
    period: period as BudgetLimit['period'],
    ...(soft === undefined ? {} : { soft: true }),
  };
});

const WRITTEN_UNITS: readonly (readonly [string, number])[] = [
  ['day', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** The text of a limit: `100/min`. */
export function writtenWindow({ limit, windowMs }: WindowLimit): string {
  const [unit, unitMs] = WRITTEN_UNITS.find(([, ms]) => windowMs % ms === 0) ?? ['ms', 1];
  const spans = windowMs / unitMs;
  return `${limit}/${spans === 1 ? '' : spans}${unit}`;
}

/** Returns the text of a limit, or a list of texts. */
function written<Limit extends object>(
  limits: OneOrMore<Limit> | undefined,
  write: (limit: Limit) => string,
): string | string[] | undefined {
  if (limits === undefined) return undefined;
  return isList(limits) ? limits.map(write) : write(limits);
}

/** The text of a budget: `10 USD/month`. */
export function writtenBudget({ amount, period, soft }: BudgetLimit): string {
  const dollars = toUsd(amount)
    .toFixed(9)
    .replace(/\.?0+$/, '');
  return `${dollars} USD${period === 'total' ? '' : `/${period}`}${soft ? ' soft' : ''}`;
}

/** Limits and budget as a client wrote them; a list for several of a kind. */
export type WrittenLimits = {
  limits: Pick<Limits, 'concurrent' | 'unpriced'> & { requests?: string | string[]; tokens?: string | string[] };
  budget?: string | string[];
};

/** Limits as the configuration and the admin API write them. */
export function writtenLimits({ budget, requests, tokens, ...rest }: LimitSettings): WrittenLimits {
  return {
    limits: { ...defined({ requests: written(requests, writtenWindow), tokens: written(tokens, writtenWindow) }), ...rest },
    ...defined({ budget: written(budget, writtenBudget) }),
  };
}

/** One budget, or a list of budgets of different periods: `[5 USD/day, 50 USD/month]`. */
export const budgetLimits = z.union([
  budgetLimit,
  z
    .array(budgetLimit)
    .min(1)
    .refine(
      (budgets) => new Set(budgets.map(({ period }) => period)).size === budgets.length,
      'expected one budget for each period',
    ),
]);

/** `10MiB`, `512KiB`, `2MB` or a number of bytes. */
export const byteSize = z.union([z.number().int().positive(), z.string()]).transform((value, context): number => {
  const factors: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
  const [, amount, unit = ''] = typeof value === 'number' ? ['', value, 'B'] : (/^(\d+) ?([KMG]?i?B)$/.exec(value) ?? []);
  const bytes = Number(amount ?? 0) * (factors[unit] ?? 0);
  if (bytes >= 1 && bytes <= BOUNDS.bytes) return bytes;
  context.addIssue({ code: 'custom', message: 'expected a size such as 512KiB, 10MiB or 2GiB, of at most 1024GiB' });
  return z.NEVER;
});

/** Returns limits as lists and within the bounds. Limits that older versions stored may exceed the bounds. */
export function boundedLimits({ requests, tokens, budget, concurrent, unpriced }: LimitSettings): Limits {
  return defined({
    requests: listOf(requests)?.map(boundedWindow),
    tokens: listOf(tokens)?.map(boundedWindow),
    budget: listOf(budget)?.map((one) => ({ ...one, amount: Math.min(one.amount, usd(BOUNDS.budgetUsd)) })),
    concurrent: concurrent === undefined ? undefined : Math.min(concurrent, BOUNDS.concurrent),
    unpriced,
  });
}

const boundedWindow = ({ limit, windowMs }: WindowLimit): WindowLimit => ({
  limit: Math.min(limit, BOUNDS.windowLimit),
  windowMs: Math.min(windowMs, BOUNDS.windowMs),
});

function listOf<Limit extends object>(limits: OneOrMore<Limit> | undefined): readonly Limit[] | undefined {
  return limits === undefined || isList(limits) ? limits : [limits];
}

const isList = <Limit extends object>(limits: OneOrMore<Limit>): limits is readonly Limit[] => Array.isArray(limits);

const SHARE = 'expected a share such as 2% or 0.02';

/** A share from 0 to 1, also written as `2%`. */
export const share = z
  .union([z.number(), z.string().regex(/^\d+(?:\.\d+)?%$/, SHARE)], SHARE)
  .transform((value) => (typeof value === 'number' ? value : Number(value.slice(0, -1)) / 100))
  .refine((value) => value > 0 && value <= 1, 'expected more than 0 and at most 100%');
