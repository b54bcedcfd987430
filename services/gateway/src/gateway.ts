import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError } from '@sluice/config';
import { NANOS_PER_USD, systemClock } from '@sluice/core';
import type { AuditRecord } from '@sluice/proxies';
import { memoryStores } from '@sluice/store/memory';
import type { KeyRecord, Stores } from '@sluice/store/ports';
import { redisStores } from '@sluice/store/redis';
import { createLogger, createMetrics, type Logger, logLines } from '@sluice/telemetry';
import { AuditWriter } from './audit-writer.ts';
import { chain } from './chain.ts';
import { controlPlane } from './control-plane/app.ts';
import { dataPlane } from './data-plane/app.ts';
import { hashSecret, KeyCache } from './key-cache.ts';
import { Models } from './models.ts';
import type { Settings } from './settings.ts';
import { SharedUsage } from './shared-usage.ts';

export const VERSION = '0.1.0';

export interface Gateway {
  /** Where the LLM API listens: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Where metrics and administration listen. */
  readonly adminUrl: string;
  readonly logger: Logger;
  /** Takes no more calls, lets those under way finish within `drainMs`, and writes what waits. */
  close(drainMs?: number): Promise<void>;
}

/** Puts the parts together, and listens. Ready once the store has answered and the configured keys are in it. */
export async function startGateway(settings: Settings): Promise<Gateway> {
  const { config } = settings;
  const clock = systemClock;
  const logger = createLogger(settings.logLevel);
  const metrics = createMetrics({ version: VERSION, node: process.version });
  const models = openModels(settings);
  const stores = openStores(settings, logger);
  const warn = (message: string) => (error: unknown) => logger.warn(message, { error: String(error) });

  const keys = new KeyCache(stores.keys, clock);
  const usage = new SharedUsage(stores.stats, warn('usage was not exchanged with the store; it is tried again'));
  const auditWriter = new AuditWriter({
    trail: stores.audit,
    logLines: (lines) => logLines(logger, lines),
    metrics,
    onError: warn('audit records were not written to the store; they are kept and tried again'),
    onRecord: (record) => countForDashboard(usage, record),
  });
  const service = chain({ config, stores, keys, models, usage, auditWriter, metrics, logger });

  let declared = false;
  let closing = false;
  const ready = (): boolean => declared && !closing && stores.healthy();
  const data = createServer(
    { requestTimeout: 0, headersTimeout: 10_000, keepAliveTimeout: 75_000, noDelay: true },
    dataPlane({
      service,
      body: { maxBytes: config.limits.body, timeoutMs: config.limits.bodyTimeout },
      clock,
      ready,
      onFault: (call, error) =>
        logger.error('a call failed by a fault of the gateway', { requestId: call.id, error: stackOf(error) }),
    }),
  );
  const admin = createServer(
    controlPlane({
      adminKey: settings.adminKey,
      stores,
      usage,
      auditWriter,
      metrics,
      clock,
      ready,
      onFault: (error) => logger.error('an admin request failed', { error: stackOf(error) }),
    }),
  );

  const url = await listen(data, settings.host, settings.port, 'PORT');
  const adminUrl = await listen(admin, settings.host, settings.adminPort, 'ADMIN_PORT');
  usage.start();
  const declaring = declareKeys(settings, stores, logger, () => closing).then(() => {
    declared = true;
  });
  if (stores.kind === 'memory') await declaring;

  return {
    url,
    adminUrl,
    logger,
    async close(drainMs = 10_000) {
      closing = true;
      await Promise.all([drain(data, drainMs), drain(admin, 0)]);
      await usage.stop();
      await auditWriter.flush().catch(warn('audit records were lost at the end: the store did not take them'));
      await models.close();
      await stores.close();
    },
  };
}

function openModels(settings: Settings): Models {
  try {
    return new Models(settings.config, settings.environment);
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}

function openStores(settings: Settings, logger: Logger): Stores {
  const { redis, config } = settings;
  if (redis === undefined) return memoryStores({ auditMaxRecords: Math.min(config.audit.keep, 10_000) });
  return redisStores({
    ...redis,
    prefix: config.redis.prefix,
    timeoutMs: config.redis.timeout,
    auditMaxRecords: config.audit.keep,
    onState: (connection, up, error) => {
      if (up) logger.info('redis is connected', { connection });
      else logger.warn('redis is not connected; trying again', { connection, error: error?.message ?? 'closed' });
    },
  });
}

/** Writes the configured keys to the store, where every replica and the admin API find them; a revoked one stays revoked. */
async function declareKeys(settings: Settings, stores: Stores, logger: Logger, closing: () => boolean): Promise<void> {
  const createdAtMs = systemClock.now();
  for (const { secret, name, tenant, models, limits } of settings.config.keys) {
    const record: KeyRecord = {
      name,
      hash: hashSecret(secret),
      tenant: tenant ?? name,
      limits: limits as KeyRecord['limits'],
      createdAtMs,
      ...(models === undefined ? {} : { models }),
    };
    for (let told = false; !closing(); ) {
      try {
        if (!(await stores.keys.put(record)))
          logger.warn('a configured key was not taken: another key has its name', { key: name });
        break;
      } catch (error) {
        if (!told) logger.warn('waiting for redis before taking calls', { error: String(error) });
        told = true;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }
}

function countForDashboard(usage: SharedUsage, record: AuditRecord): void {
  usage.count('requests');
  if (record.cache === 'hit') usage.count('cache:hits');
  else if (record.cache === 'miss') usage.count('cache:misses');
  if (record.error === 'invalid_api_key') usage.count('auth_failures');
  if (record.savedUsd !== null) usage.count('saved_nanos', Math.round(record.savedUsd * NANOS_PER_USD));
}

function listen(server: Server, host: string, port: number, variable: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? `port ${port} is in use; choose another with ${variable}` : error.message;
      reject(new ConfigError(`${variable}: cannot listen on ${host}:${port}: ${why}`));
    });
    server.listen(port, host, () => {
      const address = server.address() as AddressInfo;
      resolve(`http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`);
    });
  });
}

async function drain(server: Server, drainMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearTimeout(timer);
}

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
