import { type BudgetLimit, type Limits, limitsIn, toUsd, usd, type WindowLimit } from '@sluice/core';
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

/** `250ms`, `30s`, `5min`, `1h`, `7d`, as milliseconds. */
export const durationMs = z.string().transform((text, context): number => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) ?([a-z]+)$/.exec(text) ?? [];
  const unitMs = unit === undefined ? undefined : UNIT_MS[unit];
  if (unitMs === undefined || Number(amount) <= 0) {
    context.addIssue({ code: 'custom', message: 'expected a duration such as 250ms, 30s, 5min, 1h or 7d' });
    return z.NEVER;
  }
  return Number(amount) * unitMs;
});

/** `60/min`, `1000/h`, `5/10s`: so much in every span of that length. */
export const windowLimit = z.string().transform((text, context): WindowLimit => {
  const [, limit, spans = '1', unit] = /^(\d+) ?\/ ?(\d+)? ?([a-z]+)$/.exec(text) ?? [];
  const unitMs = unit === undefined ? undefined : UNIT_MS[unit];
  const windowMs = unitMs === undefined ? 0 : Number(spans) * unitMs;
  if (limit === undefined || windowMs < 1_000) {
    context.addIssue({ code: 'custom', message: 'expected a limit such as 60/min, 1000/h or 5/10s, over a second or more' });
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
  if (amount === undefined || Number(amount) <= 0) {
    context.addIssue({ code: 'custom', message: 'expected a budget such as 50 USD/month, 5 USD/day soft or 100 USD' });
    return z.NEVER;
  }
  return { amount: usd(Number(amount)), period: period as BudgetLimit['period'], ...(soft === undefined ? {} : { soft: true }) };
});

const WRITTEN_UNITS: readonly (readonly [string, number])[] = [
  ['day', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** A limit as it is written. */
export function writtenWindow({ limit, windowMs }: WindowLimit): string {
  const [unit, unitMs] = WRITTEN_UNITS.find(([, ms]) => windowMs % ms === 0) ?? ['ms', 1];
  const spans = windowMs / unitMs;
  return `${limit}/${spans === 1 ? '' : spans}${unit}`;
}

/** One as it is, several as a list. */
function written<Limit extends object>(limits: Limit | readonly Limit[], write: (limit: Limit) => string): string | string[] {
  const texts = limitsIn(limits).map(write);
  return Array.isArray(limits) ? texts : (texts[0] as string);
}

/** A budget as it is written. */
export function writtenBudget({ amount, period, soft }: BudgetLimit): string {
  const dollars = toUsd(amount)
    .toFixed(9)
    .replace(/\.?0+$/, '');
  return `${dollars} USD${period === 'total' ? '' : `/${period}`}${soft ? ' soft' : ''}`;
}

/** Limits as the configuration and the admin API write them. */
export function writtenLimits({ budget, requests, tokens, ...rest }: Limits): { limits: object; budget?: string | string[] } {
  return {
    limits: {
      ...(requests === undefined ? {} : { requests: written(requests, writtenWindow) }),
      ...(tokens === undefined ? {} : { tokens: written(tokens, writtenWindow) }),
      ...rest,
    },
    ...(budget === undefined ? {} : { budget: written(budget, writtenBudget) }),
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
  if (typeof value === 'number') return value;
  const factors: Readonly<Record<string, number>> = { B: 1, KB: 1_000, MB: 1_000_000, KiB: 1_024, MiB: 1_048_576 };
  const [, amount, unit] = /^(\d+) ?([KM]?i?B)$/.exec(value) ?? [];
  const factor = unit === undefined ? undefined : factors[unit];
  if (factor === undefined) {
    context.addIssue({ code: 'custom', message: 'expected a size such as 512KiB or 10MiB' });
    return z.NEVER;
  }
  return Number(amount) * factor;
});
