import type { GatewayConfig } from '@sluice/config';
import { type ConcernHealth, compose, type LlmCall, type LlmService } from '@sluice/core';
import {
  accountObjects,
  audit,
  authentication,
  type BudgetLeases,
  type CallerLookup,
  type CircuitBreakers,
  caching,
  idempotency,
  knowingUnderWay,
  type LocalShares,
  loadBalancing,
  loadShedding,
  metering,
  modelAccess,
  modelList,
  observability,
  type RetrySettings,
  requestBody,
  type SharedLoads,
  type SharedUsage,
  streamRecovery,
  type UnderWay,
} from '@sluice/proxies';
import type { Stores } from '@sluice/store/ports';
import type { Metrics } from '@sluice/telemetry';
import type { AuditWriter } from './audit-writer.ts';
import type { Groups } from './groups.ts';
import type { Models } from './models.ts';
import type { Overload } from './overload.ts';

export interface ChainParts {
  readonly config: GatewayConfig;
  readonly stores: Stores;
  readonly callers: CallerLookup;
  readonly groups: Groups;
  readonly leases: BudgetLeases;
  readonly shares: LocalShares;
  readonly underWay: UnderWay;
  readonly models: Models;
  readonly usage: SharedUsage;
  readonly loads: SharedLoads;
  readonly breakers: CircuitBreakers;
  readonly overload: Overload;
  readonly auditWriter: AuditWriter;
  readonly metrics: Metrics;
  readonly concerns: { readonly limits: ConcernHealth; readonly cache: ConcernHealth; readonly objects: ConcernHealth };
}

/** The gateway: every concern that a call passes, outermost first. */
export function chain(parts: ChainParts): LlmService {
  const { config, stores, callers, models, usage, loads, breakers, auditWriter, metrics, concerns } = parts;
  const groups = (call: LlmCall) => parts.groups.of(call);
  const proxies = [
    observability({ metrics, known: models.configured }),
    audit({ sink: auditWriter, content: config.audit.content }),
    loadShedding({ pressure: () => parts.overload.pressure(), metrics }),
    authentication(callers, metrics),
    requestBody,
    modelAccess(models, groups),
    modelList(models),
    idempotency({ calls: stores.idempotent, health: concerns.limits }),
    knowingUnderWay(parts.underWay),
    metering({
      meters: stores.meters,
      models,
      groups,
      metrics,
      leases: parts.leases,
      shares: parts.shares,
      health: concerns.limits,
    }),
    streamRecovery,
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
        health: concerns.cache,
      }),
    );
  }
  if (!config.objects.sharedBetweenTenants) {
    proxies.push(accountObjects({ objects: stores.objects, health: concerns.objects }));
  }
  const { max, budget, floor, initial, longest, wait } = config.resilience.retries;
  const retries: RetrySettings = {
    max,
    budget: { share: budget, floorPerS: floor },
    initialMs: initial,
    maxMs: longest,
    maxWaitMs: wait,
  };
  return compose(proxies, loadBalancing({ models, usage, loads, breakers, retries: () => retries, metrics }));
}
