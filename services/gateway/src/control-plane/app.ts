import type { GatewayConfig } from '@sluice/config';
import type { Clock } from '@sluice/core';
import type { CircuitBreakers, SharedLoads, SharedUsage } from '@sluice/proxies';
import type { Stores } from '@sluice/store/ports';
import type { Metrics } from '@sluice/telemetry';
import express, { type Express } from 'express';
import type { ReadinessProbe } from '../health/readiness.ts';
import type { ConfiguredKeys } from '../identity/configured-keys.ts';
import type { Groups } from '../identity/groups.ts';
import type { RegistryView } from '../identity/registry-view.ts';
import type { ConfigSource } from '../lifecycle/config-reloads.ts';
import type { Models } from '../models/models.ts';
import type { AuditWriter } from '../records/audit-writer.ts';
import { adminAccess } from './admin-access.ts';
import { adminErrors, notFound } from './admin-error.ts';
import { Administrators } from './administrators.ts';
import { adminRoutes } from './admins.ts';
import { auditRoutes } from './audit.ts';
import { cacheRoutes } from './cache.ts';
import { changesRoutes } from './changes.ts';
import { configurationRoutes } from './configuration.ts';
import { groupRoutes } from './groups.ts';
import { hostGuard } from './host-guard.ts';
import { keyRoutes } from './keys.ts';
import { openApiDocument } from './openapi.ts';
import { administratorOf, permitForAll } from './permissions.ts';
import { providerRoutes } from './providers.ts';
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
  readonly groups: Groups;
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
  const { stores, usage, metrics, auditWriter, keys, groups, view, clock, current } = options;
  const { registry, meters } = stores;
  const app = express();
  app.disable('x-powered-by');
  // the record routes send their own entity tags, and responses must never come from a cache
  app.disable('etag');

  app.use(hostGuard(() => current().config.network.adminHosts));

  app.get('/livez', (_request, response) => void response.type('text').send('ok\n'));
  app.get('/readyz', (_request, response) => {
    const { ready, text } = options.readiness.get();
    response
      .status(ready ? 200 : 503)
      .type('text')
      .send(`${text}\n`);
  });
  app.get('/metrics', async (_request, response) => {
    metrics.redisUp.set(stores.healthy() ? 1 : 0);
    response.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });

  const administrators = new Administrators({
    adminKey: options.adminKey,
    configured: () => current().config.admins,
    view,
    groups,
  });
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
  admin.use('/audit', auditRoutes({ trail: stores.audit, auditWriter }));
  admin.use('/changes', changesRoutes(registry));
  admin.use('/usage', usageRoutes({ trail: stores.audit, auditWriter, clock }));
  admin.use('/keys', keyRoutes({ keys, meters, groups, clock }));
  for (const kind of ['team', 'tenant'] as const) {
    admin.use(`/${kind}s`, groupRoutes(kind, { registry, view, groups, keys, meters, clock }));
  }
  admin.use('/admins', adminRoutes({ registry, view, administrators, groups, clock }));
  const shared = (): boolean => current().config.cache.sharedBetweenTenants;
  admin.use('/cache', cacheRoutes({ cache: stores.cache, shared, registry, clock }));
  admin.use(
    '/providers',
    providerRoutes({ models: () => current().models, usage, loads: options.loads, breakers: options.breakers }),
  );
  const providers = (): string[] =>
    current()
      .models.describe()
      .map(({ name }) => name);
  admin.use('/config', configurationRoutes({ config: () => current().config, source: options.configSource, providers }));
  admin.get('/openapi.json', (request, response) => {
    administratorOf(request);
    response.json(openApiDocument);
  });
  app.use('/admin/v1', admin);

  app.use((_request, _response) => {
    throw notFound('such route');
  });
  app.use(adminErrors(options.onFault));
  return app;
}
