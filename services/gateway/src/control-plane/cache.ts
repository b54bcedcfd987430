import type { GatewayConfig } from '@sluice/config';
import { type Clock, defined, toUsd } from '@sluice/core';
import { cacheKeyText, readCacheKey, SHARED_SCOPE } from '@sluice/proxies';
import type { Cache, CacheFilter, CacheKey, CacheListing, Registry, SemanticCounts, SemanticIndex } from '@sluice/store/ports';
import express, { type Request, type Router } from 'express';
import { invalid, notFound } from './admin-error.ts';
import { cacheClearing, cacheEntryQuery, cacheQuery } from './cache-query.ts';
import { changeLine } from './change-line.ts';
import { checkedQuery } from './checked.ts';
import { type Permission, permitBeyondTeam, scoped } from './permissions.ts';
import type { CacheEntryResponse } from './schemas/cache-schemas.ts';
import { addSemanticRoutes } from './semantic-cache.ts';

export interface CacheRoutesOptions {
  readonly cache: Cache;
  readonly index: SemanticIndex;
  readonly counts: SemanticCounts;
  readonly config: () => GatewayConfig;
  readonly shared: () => boolean;
  readonly registry: Pick<Registry, 'note'>;
  readonly clock: Clock;
}

const tenantOf = (scope: string | undefined): string | undefined => (scope === SHARED_SCOPE ? undefined : scope);

/** Returns a cache entry as the admin API shows it. */
function shownEntry({
  key,
  head: { usage, cost, dropped: _, streamUsage: _usage, tags, ...head },
  bytes,
}: CacheListing): CacheEntryResponse {
  return {
    key: cacheKeyText(key),
    ...defined({ tenant: tenantOf(key.scope) }),
    namespace: key.namespace,
    model: key.model,
    ...head,
    ...defined({ tags: tags && [...tags], usage: usage && { ...usage }, savesUsd: cost === undefined ? undefined : toUsd(cost) }),
    bytes,
  };
}

/**
 * Routes to list cache entries and to remove them by key, namespace, model or tenant. The cached responses themselves are never
 * shown.
 */
export function cacheRoutes({ cache, index, counts, config, shared, registry, clock }: CacheRoutesOptions): Router {
  const router = express.Router();

  /** Returns the cache scope of a request. Shared entries are in no tenant's scope. */
  const scopeOf = (request: Request, permission: Permission, asked: { tenant?: string | undefined }): string | undefined => {
    const administrator = permitBeyondTeam(request, permission);
    const { tenant } = scoped(administrator, { tenant: asked.tenant });
    if (administrator.tenant === undefined && tenant === undefined) return shared() ? SHARED_SCOPE : undefined;
    return tenant;
  };

  /** Returns the cache key in the path, for the tenant in the query. */
  const keyOf = (request: Request, permission: Permission): CacheKey => {
    const scope = scopeOf(request, permission, checkedQuery(cacheEntryQuery, request.query));
    if (scope === undefined) throw invalid('tenant', "expected the entry's tenant");
    const key = readCacheKey(String(request.params['key']), scope);
    if (key === undefined) throw invalid('key', 'expected the value of x-sluice-cache-key from a response');
    return key;
  };

  router.get('/', async (request, response) => {
    const { tenant, limit, ...query } = checkedQuery(cacheQuery, request.query);
    const which: CacheFilter = defined({ scope: scopeOf(request, 'read', { tenant }), ...query });
    const { total, entries } = await cache.list(which, limit);
    response.json({ total, entries: entries.map(shownEntry) });
  });

  router.delete('/', async (request, response) => {
    const { tenant, all, ...query } = checkedQuery(cacheClearing, request.query);
    const which: CacheFilter = defined({ scope: scopeOf(request, 'cache', { tenant }), ...query });
    const named = [tenant, query.namespace, query.model, query.tag].some((part) => part !== undefined);
    if (!named && all === undefined) throw invalid('query', 'expected tenant, namespace, model or tag, or all=true');
    const removed = await cache.clear(which);
    const name = [query.namespace ?? '*', query.model ?? '*', ...(query.tag === undefined ? [] : [query.tag])].join(':');
    const cleared = { action: 'cache.clear', kind: 'cache', name, tenant: tenantOf(which.scope), after: { removed } } as const;
    await registry.note(changeLine(request, clock, cleared));
    response.json({ removed });
  });

  addSemanticRoutes(router, { index, counts, config, registry, clock, scopeOf });

  router.get('/:key', async (request, response) => {
    const key = keyOf(request, 'read');
    const entry = await cache.get(key);
    if (entry === undefined) throw notFound('entry of that key');
    const { body, ...head } = entry;
    response.json(shownEntry({ key, head, bytes: body.length }));
  });

  router.delete('/:key', async (request, response) => {
    const key = keyOf(request, 'cache');
    if (!(await cache.remove(key))) throw notFound('entry of that key');
    const tenant = tenantOf(key.scope);
    const name = cacheKeyText(key);
    await registry.note(changeLine(request, clock, { action: 'cache.remove', kind: 'cache', name, tenant }));
    response.status(204).end();
  });
  return router;
}
