import { NANOS_PER_USD } from '@sluice/core';
import type { AuditRecord } from '@sluice/proxies';
import { addUsage, USAGE_DIMENSIONS, type UsageSum } from '@sluice/store/ports';

const nanos = (usd: number | null): number => Math.round((usd ?? 0) * NANOS_PER_USD);

/** What a call adds to the sums of usage. Of one whose key was not known there is nobody to add it to. */
export function usageOfRecord(record: AuditRecord): UsageSum | undefined {
  const { key, tenant, team, provider, model, outcome, cache, costUsd, savedUsd, inputTokens, outputTokens, latencyMs } = record;
  if (key === null || tenant === null) return undefined;
  const hit = cache === 'hit';
  // a hit was bought before: its tokens are not used again
  const tokens = (count: number | null | undefined): number => (hit ? 0 : (count ?? 0));
  const used = inputTokens !== null && !hit;
  return {
    day: record.time.slice(0, 10),
    tenant,
    team: team ?? '',
    key,
    provider: provider ?? '',
    // callers can make up names: one that came to nothing is not remembered
    model: used || hit ? (model ?? '') : '',
    calls: 1,
    errors: outcome === 'answered' ? 0 : 1,
    hits: hit ? 1 : 0,
    inputTokens: tokens(inputTokens),
    cachedInputTokens: tokens(record.cachedInputTokens),
    cacheWriteTokens: tokens(record.cacheWriteTokens),
    outputTokens: tokens(outputTokens),
    reasoningTokens: tokens(record.reasoningTokens),
    cost: nanos(costUsd),
    saved: nanos(savedUsd),
    unpriced: used && costUsd === null ? 1 : 0,
    latencyMs: Math.round(latencyMs),
  };
}

/** Sums of one day and combination as one. */
export const together = (sums: Iterable<UsageSum>): UsageSum[] => [
  ...addUsage(sums, (sum) => JSON.stringify([sum.day, ...USAGE_DIMENSIONS.map((dimension) => sum[dimension])])).values(),
];
