import type { Clock } from '@sluice/core';
import type { SharedUsage } from '@sluice/proxies';
import type { Keys, Stores } from '@sluice/store/ports';
import type { Metrics } from '@sluice/telemetry';
import express, { type Express } from 'express';
import type { AuditWriter } from '../audit-writer.ts';
import type { ReadinessProbe } from '../readiness.ts';
import { adminAccess } from './admin-access.ts';
import { AdminError, adminErrors } from './admin-error.ts';
import { auditRoutes } from './audit.ts';
import { type GroupRoutesOptions, groupRoutes } from './groups.ts';
import { keyRoutes } from './keys.ts';
import { openApiDocument } from './openapi.ts';
import { statsOf } from './stats.ts';
import { usageRoutes } from './usage.ts';

export interface ControlPlaneOptions {
  readonly adminKey: string | undefined;
  readonly stores: Stores;
  /** The configuration's teams and tenants, as they are now. */
  readonly groups: GroupRoutesOptions['groups'];
  /** The store's and the configuration's. */
  readonly keys: Keys;
  readonly usage: SharedUsage;
  readonly auditWriter: AuditWriter;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly readiness: ReadinessProbe;
  readonly onFault: (error: unknown) => void;
}

/** Failed sign-ins that one address may make in a minute. */
const MAX_FAILURES = 10;

/** Metrics and administration, on a listener of their own. Every admin route stands behind one router, and that behind the admin key. */
export function controlPlane(options: ControlPlaneOptions): Express {
  const { stores, usage, metrics, auditWriter } = options;
  const app = express();
  app.disable('x-powered-by');

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

  const admin = express.Router();
  admin.use(adminAccess(options.adminKey, stores.attempts({ name: 'admin', limit: MAX_FAILURES, windowS: 60 })));
  admin.use((_request, response, next) => {
    response.setHeader('cache-control', 'no-store');
    next();
  });
  admin.get('/stats', async (_request, response) => {
    response.json(statsOf(await usage.current()));
  });
  admin.use('/audit', auditRoutes({ trail: stores.audit, auditWriter }));
  const { keys, groups, clock } = options;
  admin.use('/keys', keyRoutes({ keys, meters: stores.meters, groups, clock }));
  admin.use(groupRoutes({ meters: stores.meters, groups, clock }));
  admin.use('/usage', usageRoutes({ trail: stores.audit, auditWriter, clock }));
  admin.get('/openapi.json', (_request, response) => void response.json(openApiDocument));
  app.use('/admin/v1', admin);

  app.use((_request, _response) => {
    throw new AdminError(404, 'not_found', 'There is no such route.');
  });
  app.use(adminErrors(options.onFault));
  return app;
}
