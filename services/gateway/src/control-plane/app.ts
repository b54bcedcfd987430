import type { GatewayConfig } from '@sluice/config';
import type { Clock } from '@sluice/core';
import type { CircuitBreakers, SharedLoads, SharedUsage } from '@sluice/proxies';
import type { Stores } from '@sluice/store/ports';
import type { Metrics } from '@sluice/telemetry';
import express, { type Express, type Router } from 'express';
import type { ReadinessProbe } from '../health/readiness.ts';
import type { ConfiguredKeys } from '../identity/configured-keys.ts';
import type { QuotaScopes } from '../identity/quota-scopes.ts';
import type { RegistryView } from '../identity/registry-view.ts';
import type { ConfigSource } from '../lifecycle/config-reloads.ts';
import type { Models } from '../models/models.ts';
import type { AuditWriter } from '../records/audit-writer.ts';
import { adminAccess } from './admin-access.ts';
import { adminErrors, notFound } from './admin-error.ts';
import { Administrators } from './administrators.ts';
import { auditRoutes } from './audit.ts';
import { cacheRoutes } from './cache.ts';
import { changesRoutes } from './changes.ts';
import { configurationRoutes } from './configuration.ts';
import { hostGuard } from './host-guard.ts';
import { openApiDocument } from './openapi.ts';
import { administratorOf, permitForAll } from './permissions.ts';
import { providerRoutes } from './providers.ts';
import { adminRoutes } from './resources/admins.ts';
import { groupRoutes } from './resources/groups.ts';
import { keyRoutes } from './resources/keys.ts';
import { statsOf } from './stats.ts';
import { usageRoutes } from './usage.ts';

export interface ControlPlaneOptions {
  readonly adminKey: string | undefined;
  readonly stores: Stores;
  /** Returns the configuration in use and its models. */
  readonly current: () => { readonly config: GatewayConfig; readonly models: Models };
  /** Returns the file of the configuration, and the time since which it is in use. */
  readonly configSource: () => ConfigSource;
  /** The stored keys and the configured ones. */
  readonly keys: ConfiguredKeys;
  readonly groups: QuotaScopes;
  readonly view: RegistryView;
  readonly usage: SharedUsage;
  readonly loads: SharedLoads;
  readonly breakers: CircuitBreakers;
  readonly auditWriter: AuditWriter;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly readiness: ReadinessProbe;
  readonly onFault: (error: unknown) => void;
}

/** Failed authentications that one address may make in a minute. */
const MAX_FAILURES = 10;

/**
 * Creates the listener for metrics and administration. All admin routes are behind one router, which requires authentication.
 * Each handler checks the administrator's permissions itself.
 */
export function controlPlane(options: ControlPlaneOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  // the record routes send their own entity tags, and responses must never come from a cache
  app.disable('etag');
  app.use(hostGuard(() => options.current().config.network.adminHosts));
  addProbes(app, options);
  app.use('/admin/v1', adminRouter(options));
  app.use((_request, _response) => {
    throw notFound('such route');
  });
  app.use(adminErrors(options.onFault));
  return app;
}

/** Adds the routes that need no authentication: liveness, readiness and metrics. */
function addProbes(app: Express, { readiness, metrics, stores }: ControlPlaneOptions): void {
  app.get('/livez', (_request, response) => void response.type('text').send('ok\n'));
  app.get('/readyz', (_request, response) => {
    const { ready, text } = readiness.get();
    response
      .status(ready ? 200 : 503)
      .type('text')
      .send(`${text}\n`);
  });
  app.get('/metrics', async (_request, response) => {
    metrics.redisUp.set(stores.healthy() ? 1 : 0);
    response.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
}

/** Returns the authenticated routes. */
function adminRouter(options: ControlPlaneOptions): Router {
  const { adminKey, stores, view, groups, usage, current } = options;
  const administrators = new Administrators({ adminKey, configured: () => current().config.admins, view, groups });
  const admin = express.Router();
  admin.use(adminAccess(administrators, stores.attempts({ name: 'admin', limit: MAX_FAILURES, windowS: 60 })));
  admin.use((_request, response, next) => {
    response.setHeader('cache-control', 'no-store');
    next();
  });
  admin.get('/stats', async (request, response) => {
    permitForAll(request, 'read');
    response.json(statsOf(await usage.current()));
  });
  addReports(admin, options);
  addResources(admin, options, administrators);
  addOperations(admin, options);
  admin.get('/openapi.json', (request, response) => {
    administratorOf(request);
    response.json(openApiDocument);
  });
  return admin;
}

/** Adds the audit records, the change journal and the usage. */
function addReports(admin: Router, { stores, auditWriter, clock }: ControlPlaneOptions): void {
  admin.use('/audit', auditRoutes({ trail: stores.audit, auditWriter }));
  admin.use('/changes', changesRoutes(stores.registry));
  admin.use('/usage', usageRoutes({ trail: stores.audit, auditWriter, clock }));
}

/** Adds the keys, teams, tenants and administrators. */
function addResources(admin: Router, options: ControlPlaneOptions, administrators: Administrators): void {
  const { stores, keys, groups, view, clock } = options;
  const { registry, meters } = stores;
  admin.use('/keys', keyRoutes({ keys, meters, groups, clock }));
  for (const kind of ['team', 'tenant'] as const) {
    admin.use(`/${kind}s`, groupRoutes(kind, { registry, view, groups, keys, meters, clock }));
  }
  admin.use('/admins', adminRoutes({ registry, view, administrators, groups, clock }));
}

/** Adds the cache entries, the providers and the configuration in use. */
function addOperations(admin: Router, options: ControlPlaneOptions): void {
  const { stores, current, configSource, usage, loads, breakers, clock } = options;
  const shared = (): boolean => current().config.cache.sharedBetweenTenants;
  const { cache, semanticIndex: index, semanticCounts: counts, registry } = stores;
  admin.use('/cache', cacheRoutes({ cache, index, counts, config: () => current().config, shared, registry, clock }));
  admin.use('/providers', providerRoutes({ models: () => current().models, usage, loads, breakers }));
  const providers = (): string[] =>
    current()
      .models.describe()
      .map(({ name }) => name);
  admin.use('/config', configurationRoutes({ config: () => current().config, source: configSource, providers }));
}
