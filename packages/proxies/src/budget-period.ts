import type { BudgetLimit } from '@sluice/core';

/** A stretch of the calendar, by its name and its end. */
export interface BudgetPeriod {
  /** `2026-11-24`, `2026-11` or `total`. */
  readonly name: string;
  /** In milliseconds since the epoch; undefined where there is none. */
  readonly endsAtMs: number | undefined;
}

/** The day or the month, in UTC, that a time is in. */
export function periodAt(kind: BudgetLimit['period'], nowMs: number): BudgetPeriod {
  if (kind === 'total') return { name: 'total', endsAtMs: undefined };
  const now = new Date(nowMs);
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  if (kind === 'day') return { name: now.toISOString().slice(0, 10), endsAtMs: Date.UTC(year, month, now.getUTCDate() + 1) };
  return { name: now.toISOString().slice(0, 7), endsAtMs: Date.UTC(year, month + 1, 1) };
}
