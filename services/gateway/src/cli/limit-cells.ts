import type { LimitsResponse, Spending } from '../control-plane/schemas/limits-schema.ts';
import { dollars } from './output.ts';

/** Returns limits as one text; undefined without limits. */
export function limitsText(limits: LimitsResponse): string | undefined {
  const text = Object.entries(limits)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(' + ') : value}`)
    .join(', ');
  return text === '' ? undefined : text;
}

/** Returns all budgets as one text. */
export const budgetText = (budget: string | readonly string[] | undefined): string | null =>
  [budget ?? []].flat().join(' + ') || null;

/** Returns the amounts spent of each budget as text. */
export const spentText = (spending: Spending | readonly Spending[] | undefined): string | null =>
  [spending ?? []]
    .flat()
    .map(({ spentUsd }) => dollars(spentUsd))
    .join(' + ') || null;
