import type { GatewayConfig } from '@sluice/config';
import { type ConcernHealth, compose, type LlmCall, type LlmService } from '@sluice/core';
import {
  accountObjects,
  audit,
  authentication,
  type BudgetLeases,
  type CallerLookup,
  type CircuitBreakers,
  ConversationArchive,
  caching,
  idempotency,
  knowingUnderWay,
  type LocalShares,
  largeRequests,
  loadShedding,
  type MeteringMemory,
  meteringLayers,
  modelAccess,
  modelList,
  noStoredResponses,
  observability,
  RequestCounter,
  ResponseArchive,
  type RetrySettings,
  Router,
  type RoutingMemory,
  requestBody,
  type SharedLoads,
  type SharedUsage,
  type SleepWatch,
  type StoredResponseLayers,
  storedResponses,
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
  readonly metering: MeteringMemory;
  readonly routing: RoutingMemory;
  readonly underWay: UnderWay;
  readonly models: Models;
  readonly usage: SharedUsage;
  readonly loads: SharedLoads;
  readonly breakers: CircuitBreakers;
  readonly overload: Overload;
  readonly sleepWatch: SleepWatch;
  readonly auditWriter: AuditWriter;
  readonly metrics: Metrics;
  readonly concerns: {
    readonly limits: ConcernHealth;
    readonly cache: ConcernHealth;
    readonly objects: ConcernHealth;
    readonly responses: ConcernHealth;
  };
}

/** Composes the layers that each call passes through, outermost first. */
export function chain(parts: ChainParts): LlmService {
  const { config, stores, callers, models, usage, loads, breakers, auditWriter, metrics, concerns } = parts;
  const groups = (call: LlmCall) => parts.groups.of(call);
  const requests = new RequestCounter({ meters: stores.meters, groups, metrics, health: concerns.limits });
  const responses = responseLayers(parts, (call) => requests.count(call));
  const metered = meteringLayers({
    meters: stores.meters,
    models,
    groups,
    metrics,
    leases: parts.leases,
    shares: parts.shares,
    memory: parts.metering,
    settings: { waitMs: config.limits.wait, reserve: config.limits.reserve },
    health: concerns.limits,
  });
  const proxies = [
    observability({ metrics, known: models.configured }),
    audit({ sink: auditWriter, content: config.audit.content }),
    loadShedding({ pressure: () => parts.overload.pressure(), metrics }),
    authentication(callers, metrics),
    requestBody,
    largeRequests,
    responses.history,
    modelAccess(models, groups),
    modelList(models),
    responses.keeping,
    idempotency({ calls: stores.idempotent, countRequest: (call) => requests.count(call), health: concerns.limits }),
    knowingUnderWay(parts.underWay),
    metered.calls,
    metered.sessions,
    streamRecovery,
    // before the cache, so that no response about another tenant's object is served from the cache
    accountObjects({ objects: stores.objects, health: concerns.objects, shared: config.objects.sharedBetweenTenants }),
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
  const { max, budget, floor, initial, longest, wait, fallbackWait = wait } = config.resilience.retries;
  const retries: RetrySettings = {
    max,
    budget: { share: budget, floorPerS: floor },
    initialMs: initial,
    maxMs: longest,
    maxWaitMs: wait,
    fallbackWaitMs: fallbackWait,
  };
  return compose(
    proxies,
    new Router({
      ...{ models, usage, loads, breakers, metrics, memory: parts.routing },
      retries: () => retries,
      slept: () => parts.sleepWatch.slept(),
    }),
  );
}

/** The layers that make the Responses API stateful. Without them, its requests are forwarded unchanged. */
function responseLayers(
  { config, stores, models, concerns }: ChainParts,
  countRequest: (call: LlmCall) => Promise<void>,
): StoredResponseLayers {
  const { store, ttl: ttlMs, maxRecord: maxBytes, encryptionKey } = config.responses;
  if (!store) return { history: (next) => next, keeping: noStoredResponses };
  const options = { ttlMs, maxBytes, encryptionKey, health: concerns.responses };
  return storedResponses({
    archive: new ResponseArchive({ ...options, store: stores.responses }),
    conversations: new ConversationArchive({ ...options, store: stores.conversations }),
    ...{ maxBytes, providersOf: (model) => models.responsesProvidersOf(model), countRequest },
  });
}
