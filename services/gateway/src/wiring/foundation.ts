import { randomUUID } from 'node:crypto';
import type { GatewayConfig } from '@sluice/config';
import { type Clock, defined, systemClock } from '@sluice/core';
import { memoryStores } from '@sluice/store/memory';
import type { Stores } from '@sluice/store/ports';
import { redisStores } from '@sluice/store/redis';
import { createLogger, createMetrics, type Logger, type Metrics } from '@sluice/telemetry';
import { HealthBoard } from '../health/health-board.ts';
import { ReadinessProbe } from '../health/readiness.ts';
import { Ref } from '../lifecycle/component.ts';
import type { Settings } from '../lifecycle/settings.ts';
import { VERSION } from '../version.ts';

/** What every other part needs. */
export interface Foundation {
  readonly settings: Settings;
  /** The configuration in use. */
  readonly config: Ref<GatewayConfig>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Health of dependencies. */
  readonly health: HealthBoard;
  readonly readiness: ReadinessProbe;
  readonly stores: Stores;
  /** Id of this replica. */
  readonly replica: string;
}

export function openFoundation(settings: Settings): Foundation {
  const clock = systemClock;
  const logger = createLogger(settings.logLevel);
  const metrics = createMetrics({ version: VERSION, node: process.version });
  const readiness = new ReadinessProbe();
  const stores = openStores(settings, logger, metrics, readiness);
  readiness.watch(() => stores.healthy());
  return {
    ...{ settings, clock, logger, metrics, readiness, stores },
    config: new Ref(settings.config),
    health: new HealthBoard({ clock, logger, metrics, probe: (server) => stores.ping(server) }),
    replica: randomUUID(),
  };
}

function openStores({ redis, config }: Settings, logger: Logger, metrics: Metrics, readiness: ReadinessProbe): Stores {
  if (redis === undefined) return memoryStores({ auditMaxRecords: Math.min(config.audit.keep, 10_000) });
  return redisStores({
    ...redis,
    prefix: config.redis.prefix,
    timeoutMs: config.redis.timeout,
    ...defined({ cacheTimeoutMs: config.redis.cacheTimeout }),
    onBreaker: (connection, open) => {
      metrics.redisCircuitState.set({ connection }, open ? 2 : 0);
      if (open) logger.warn('redis circuit opened', { connection });
      else logger.info('redis circuit closed', { connection });
    },
    auditMaxRecords: config.audit.keep,
    auditShards: config.audit.shards,
    usageRetention: { keepMs: config.usage.keep, keepDetailedMs: config.usage.keepDetailed },
    onTrimFault: (error) => logger.warn('audit records beyond audit.keep could not be dropped', { error: String(error) }),
    onCommand: (operation, seconds) => metrics.redisDuration.observe({ operation }, seconds),
    onState: (connection, up, error) => {
      if (up && connection === 'state') readiness.storeCame();
      if (up) logger.info('redis connected', { connection });
      else logger.warn('redis disconnected; reconnecting', { connection, error: error?.message ?? 'closed' });
    },
  });
}
