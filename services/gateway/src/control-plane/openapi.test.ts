import { describe, expect, it } from '@jest/globals';
import { checkConfig } from '@sluice/config';
import { noopHealth, systemClock } from '@sluice/core';
import { SharedUsage } from '@sluice/proxies';
import { memoryStores } from '@sluice/store/memory';
import { createMetrics } from '@sluice/telemetry';
import { ConfiguredKeys } from '../identity/configured-keys.ts';
import { QuotaScopes } from '../identity/quota-scopes.ts';
import { RegistryView } from '../identity/registry-view.ts';
import { controlPlane } from './app.ts';
import { openApiDocument } from './openapi.ts';

interface Layer {
  readonly route?: { readonly path: string; readonly stack: readonly { readonly method: string }[] } | undefined;
  readonly handle: unknown;
  readonly matchers?: readonly ((path: string) => { readonly path: string } | false)[];
}

function app() {
  const stores = memoryStores();
  const config = checkConfig({}, 'test');
  const view = new RegistryView(stores.registry, noopHealth);
  const current = () => ({ config, models: {} as never });
  return controlPlane({
    adminKey: 'the-admin-key-of-this-test',
    stores,
    current,
    configSource: () => ({ file: null, fingerprint: null, takenAt: '', refused: null, restartRequired: [] }),
    keys: new ConfiguredKeys(stores.keys, []),
    groups: new QuotaScopes(view, config),
    view,
    usage: new SharedUsage(stores.stats),
    loads: {} as never,
    breakers: {} as never,
    auditWriter: {} as never,
    metrics: createMetrics({ version: '0', node: '0' }),
    clock: systemClock,
    readiness: {} as never,
    onFault: () => {},
  });
}

/** Paths at which the routers are mounted. */
const MOUNTED = ['/admin/v1', ...new Set(Object.keys(openApiDocument.paths).map((path) => `/${path.split('/')[3]}`))];

/** Returns the layers of a nested router; undefined for other middleware. */
const stackOf = (handle: unknown): readonly Layer[] | undefined =>
  typeof handle === 'function' && 'stack' in handle ? (handle.stack as readonly Layer[]) : undefined;

/** Returns every method and path of a router and its nested routers. */
function routesOf(stack: readonly Layer[], above = ''): string[] {
  return stack.flatMap(({ route, handle, matchers }) => {
    if (route !== undefined) {
      const path = `${above}${route.path}`.replace(/\/$/, '').replaceAll(/:(\w+)/g, '{$1}');
      return route.stack.map(({ method }) => `${method.toUpperCase()} ${path}`);
    }
    const nested = stackOf(handle);
    if (nested === undefined) return [];
    const at = MOUNTED.find((path) => matchers?.some((match) => match(path) !== false));
    return routesOf(nested, `${above}${at ?? ''}`);
  });
}

describe('OpenAPI document', () => {
  it('describes every route of the admin API, and no other', () => {
    const served = routesOf(app().router.stack).filter((route) => route.includes('/admin/v1'));
    const methods = ['get', 'post', 'patch', 'put', 'delete'];
    const described = Object.entries(openApiDocument.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((method) => methods.includes(method))
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(served.length).toBeGreaterThan(30);
    expect([...new Set(served)].sort()).toEqual(described.sort());
  });

  it('names every parameter of its paths', () => {
    for (const [path, item] of Object.entries(openApiDocument.paths)) {
      const named = ((item as { parameters?: { name: string; in: string }[] }).parameters ?? []).map(({ name }) => name);
      expect([path, named]).toEqual([path, [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)]);
    }
  });
});
