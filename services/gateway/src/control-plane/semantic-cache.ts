import type { GatewayConfig } from '@sluice/config';
import { type Clock, defined } from '@sluice/core';
import { BINS, isCertified, upperLimitOfErrors } from '@sluice/proxies';
import {
  type CountsOf,
  NO_COUNTS,
  type Registry,
  type SemanticCounts,
  type SemanticIndex,
  type SemanticState,
} from '@sluice/store/ports';
import type { Request, Router } from 'express';
import { semanticQuery } from './cache-query.ts';
import { changeLine } from './change-line.ts';
import { checkedQuery } from './checked.ts';
import type { Permission } from './permissions.ts';
import type { SemanticReport } from './schemas/cache-schemas.ts';

export interface SemanticRoutesOptions {
  readonly index: SemanticIndex;
  readonly counts: SemanticCounts;
  readonly config: () => GatewayConfig;
  readonly registry: Pick<Registry, 'note'>;
  readonly clock: Clock;
  /** Returns the cache scope that an administrator may see, by the tenant in the query. */
  readonly scopeOf: (request: Request, permission: Permission, asked: { tenant?: string | undefined }) => string | undefined;
}

const DEFAULTS = { maxErrors: 0.01, confidence: 0.95 };

/** Adds the routes that show what is proven of questions served by their meaning, and that let it be learned again. */
export function addSemanticRoutes(router: Router, options: SemanticRoutesOptions): void {
  const { index, counts, registry, clock } = options;

  const filterOf = (request: Request, permission: Permission): Partial<CountsOf> => {
    const { tenant, ...query } = checkedQuery(semanticQuery, request.query);
    return defined({ scope: options.scopeOf(request, permission, { tenant }), ...query });
  };

  router.get('/semantic', async (request, response) => {
    const bound = options.config().cache.semantic ?? DEFAULTS;
    const found = await counts.list(filterOf(request, 'read'));
    const report: SemanticReport = {
      ...defined({ unavailable: await index.unavailable() }),
      ...{ maxErrors: bound.maxErrors, confidence: bound.confidence },
      models: found.map(({ of, state }) => shownModel(of, state, bound)),
    };
    response.json(report);
  });

  router.post('/semantic/reset', async (request, response) => {
    const filter = filterOf(request, 'cache');
    const found = await counts.list(filter);
    await Promise.all(found.map(({ of }) => counts.reset(of)));
    const name = [filter.namespace ?? '*', filter.model ?? '*'].join(':');
    const after = { reset: found.length };
    await registry.note(changeLine(request, clock, { action: 'cache.reset', kind: 'cache', name, tenant: filter.scope, after }));
    response.json(after);
  });
}

function shownModel(
  { scope, ...of }: CountsOf,
  { edges, bins }: SemanticState,
  { maxErrors, confidence }: Pick<typeof DEFAULTS, 'maxErrors' | 'confidence'>,
): SemanticReport['models'][number] {
  return {
    tenant: scope,
    ...of,
    ...defined({ edges: edges && [...edges] }),
    bins: Array.from({ length: BINS }, (_, bin) => {
      const counts = bins[bin] ?? NO_COUNTS;
      const checks = { labels: counts.checks, errors: counts.checkErrors };
      return {
        bin,
        ...counts,
        certified: isCertified(counts, { maxErrors, confidence, bins: BINS }),
        // of the answers that could be served, since certification
        upperLimitOfErrors: upperLimitOfErrors(checks, confidence),
      };
    }),
  };
}
