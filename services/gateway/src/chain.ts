import type { GatewayConfig } from '@sluice/config';
import { compose, type LlmService } from '@sluice/core';
import { audit, authentication, caching, loadBalancing, metering, modelAccess, modelList, observability } from '@sluice/proxies';
import type { Stores } from '@sluice/store/ports';
import type { Logger, Metrics } from '@sluice/telemetry';
import type { AuditWriter } from './audit-writer.ts';
import type { KeyCache } from './key-cache.ts';
import type { Models } from './models.ts';
import type { SharedUsage } from './shared-usage.ts';

export interface ChainParts {
  readonly config: GatewayConfig;
  readonly stores: Stores;
  readonly keys: KeyCache;
  readonly models: Models;
  readonly usage: SharedUsage;
  readonly auditWriter: AuditWriter;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** The gateway: every concern that a call passes, outermost first. */
export function chain(parts: ChainParts): LlmService {
  const { config, stores, keys, models, usage, auditWriter, metrics, logger } = parts;
  const warn = (message: string) => (error: unknown) => logger.warn(message, { error: String(error) });
  const proxies = [
    observability({ metrics, knownModel: (model) => models.isConfigured(model) }),
    audit({ sink: auditWriter, content: config.audit.content }),
    authentication(keys, metrics),
    modelAccess(models),
    modelList(models),
    metering({ meters: stores.meters, metrics, onReleaseError: warn('a place among the calls in flight was not given back') }),
  ];
  const { exact, sharedBetweenTenants, maxEntry } = config.cache;
  if (exact !== undefined) {
    proxies.push(
      caching({
        cache: stores.cache,
        ttlS: exact.ttl / 1_000,
        sharedBetweenTenants,
        maxEntryBytes: maxEntry,
        metrics,
        onError: (operation, error) => warn(`the cache failed (${operation})`)(error),
      }),
    );
  }
  return compose(proxies, loadBalancing({ models, usage, metrics }));
}
