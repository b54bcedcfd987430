import type { BudgetLimit, LimitSettings, OneOrMore } from '@sluice/core';
import type { z } from 'zod';
import type { limitsPatch } from '../schemas/limits-schema.ts';

type Patch = z.output<typeof limitsPatch>;

/** Returns a record with some fields changed, and `null` fields removed (RFC 7396, one level deep). */
export function patched<T extends object>(record: T, patch: { readonly [Field in keyof T]?: T[Field] | null | undefined }): T {
  const changes = Object.entries(patch).filter(([, value]) => value !== undefined);
  const all = { ...record, ...Object.fromEntries(changes) };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null)) as T;
}

/** Returns limits and budget combined, as records store them. */
export const patchedLimits = (
  limits: LimitSettings,
  patch: Patch | undefined,
  budget: OneOrMore<BudgetLimit> | null | undefined,
): LimitSettings => patched<LimitSettings>(limits, { ...patch, budget });
