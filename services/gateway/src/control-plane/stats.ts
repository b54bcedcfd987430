import { NANOS_PER_USD } from '@sluice/core';
import type { Counters } from '@sluice/store/ports';
import type { z } from 'zod';
import { CACHE_TIERS, type statsSchema } from './schemas/report-schemas.ts';

/** The dashboard's statistics, over all replicas. */
export type Stats = z.output<typeof statsSchema>;

const rate = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

export function statsOf(sums: Counters): Stats {
  const sum = (name: string): number => sums[name] ?? 0;
  const names = new Set<string>();
  for (const name of Object.keys(sums)) {
    const [, provider] = /^provider:(.+):[a-z_]+$/.exec(name) ?? [];
    if (provider !== undefined) names.add(provider);
  }
  const providers = [...names].sort();
  const calls = providers.reduce((all, name) => all + sum(`provider:${name}:calls`), 0);
  const figures = providers.map((name): [string, Stats['providers'][string]] => [
    name,
    {
      calls: sum(`provider:${name}:calls`),
      share: rate(sum(`provider:${name}:calls`), calls),
      errors: sum(`provider:${name}:errors`),
      inputTokens: sum(`provider:${name}:input_tokens`),
      outputTokens: sum(`provider:${name}:output_tokens`),
      costUsd: sum(`provider:${name}:cost_nanos`) / NANOS_PER_USD,
    },
  ]);
  const tiers = CACHE_TIERS.map((tier) => [
    tier,
    { hits: sum(`cache:hits:${tier}`), costSavedUsd: sum(`saved_nanos:${tier}`) / NANOS_PER_USD },
  ]);
  const costNanos = providers.reduce((all, name) => all + sum(`provider:${name}:cost_nanos`), 0);
  const hits = sum('cache:hits');
  const cacheHitRate = rate(hits, hits + sum('cache:misses'));
  return {
    totalRequests: sum('requests'),
    cacheHitRate,
    cacheHits: hits,
    cacheTiers: Object.fromEntries(tiers) as Stats['cacheTiers'],
    authenticationFailures: sum('auth_failures'),
    costUsd: costNanos / NANOS_PER_USD,
    costSavedUsd: sum('saved_nanos') / NANOS_PER_USD,
    providers: Object.fromEntries(figures),
    status: cacheHitRate >= 0.5 ? 'healthy' : 'low_cache_efficiency',
  };
}
