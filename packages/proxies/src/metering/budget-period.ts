import type { BudgetLimit } from '@sluice/core';

/** A calendar period: its name and its end. */
export interface BudgetPeriod {
  /** `2026-11-24`, `2026-11` or `total`. */
  readonly name: string;
  /** In milliseconds since the epoch. Undefined for `total`. */
  readonly endsAtMs: number | undefined;
}

const TOTAL: BudgetPeriod = { name: 'total', endsAtMs: undefined };

/** Cache of the current periods: every call needs one, and a period is long. */
const known: {
  [Kind in 'day' | 'month']?: { readonly period: BudgetPeriod; readonly beganMs: number; readonly endsAtMs: number };
} = {};

/** Returns the day or month, in UTC, that contains a time. */
export function periodAt(kind: BudgetLimit['period'], nowMs: number): BudgetPeriod {
  if (kind === 'total') return TOTAL;
  const last = known[kind];
  if (last !== undefined && nowMs >= last.beganMs && nowMs < last.endsAtMs) return last.period;
  const now = new Date(nowMs);
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  const [name, beganMs, endsAtMs] =
    kind === 'day'
      ? [now.toISOString().slice(0, 10), Date.UTC(year, month, day), Date.UTC(year, month, day + 1)]
      : [now.toISOString().slice(0, 7), Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1)];
  const period = { name, endsAtMs };
  known[kind] = { period, beganMs, endsAtMs };
  return period;
}
