import type { GatewayConfig } from '@sluice/config';
import { composeLayers, inOneRoundTrip, type Layer, type LlmCall, type LlmService } from '@sluice/core';
import {
  accountObjects,
  audit,
  authentication,
  ConversationArchive,
  idempotency,
  largeRequests,
  loadShedding,
  meteringLayers,
  modelAccess,
  modelList,
  noStoredResponses,
  observability,
  RequestCounter,
  ResponseArchive,
  type RetrySettings,
  Router,
  requestBody,
  type StoredResponseLayers,
  storedResponses,
  streamRecovery,
  trackInFlight,
} from '@sluice/proxies';
import { cacheStages } from './cache-stages.ts';
import type { ChainParts } from './chain-parts.ts';

/** Composes the layers that each call passes through, outermost first. */
export function chain(parts: ChainParts): LlmService {
  const { config, stores, callers, models, meters, usage, loads, breakers, auditWriter, metrics, concerns } = parts;
  const groups = (call: LlmCall) => parts.groups.scopesFor(call);
  const requests = new RequestCounter({ meters, groups, metrics, health: concerns.limits });
  const responses = responseLayers(parts, (call) => requests.count(call));
  const metered = meteringLayers({
    meters,
    models,
    groups,
    metrics,
    fallback: parts.fallback,
    memory: parts.metering,
    settings: { waitMs: config.limits.wait, reserve: config.limits.reserve },
    health: concerns.limits,
  });
  // one packet carries the reservation and the cache lookup
  const limited = inOneRoundTrip([
    metered.calls, // outside the cache: a hit counts as a request
    metered.sessions,
    streamRecovery, // inside metering: a restarted stream is one call; outside the cache: a broken stream is not stored
    // outside the cache: a response about another tenant's object is not served from it either
    accountObjects({ objects: stores.objects, health: concerns.objects, shared: config.objects.sharedBetweenTenants }),
    ...cacheStages(parts, (call) => service.complete(call)),
  ]);
  const layers: Layer[] = [
    // first: sees every call, including those that later layers refuse
    { name: 'observability', proxy: observability({ metrics, known: models.configured }) },
    // outside every layer that can refuse a call, so that refusals are recorded
    { name: 'audit', inside: ['observability'], proxy: audit({ sink: auditWriter, content: config.audit.content }) },
    // before any work: it must cost less than the work that it avoids
    { name: 'load shedding', inside: ['audit'], proxy: loadShedding({ pressure: () => parts.overload.pressure(), metrics }) },
    // sets the caller: every layer below relies on it
    { name: 'authentication', inside: ['load shedding'], proxy: authentication(callers, metrics) },
    // the first layer that receives a body, so that an unauthenticated client cannot make the gateway hold one
    { name: 'request body', inside: ['authentication'], proxy: requestBody },
    { name: 'large requests', inside: ['request body'], proxy: largeRequests },
    // replaces references by the items of earlier turns, so that every layer below sees the complete request
    { name: 'response history', inside: ['request body'], proxy: responses.history },
    // refuses before any reservation
    { name: 'model access', inside: ['authentication', 'response history'], proxy: modelAccess(models, groups) },
    // answers without Redis; below model access, which checks the route
    { name: 'model list', inside: ['model access'], proxy: modelList(models) },
    { name: 'response storage', inside: ['model access'], proxy: responses.keeping },
    // outside metering: a replayed response is neither limited nor charged
    {
      name: 'idempotency',
      inside: ['model access'],
      proxy: idempotency({
        calls: stores.idempotent,
        countRequest: (call) => requests.count(call),
        health: concerns.limits,
      }),
    },
    // from here on a call can cost money: crash recovery must know it
    { name: 'in-flight calls', inside: ['audit', 'idempotency'], proxy: trackInFlight(parts.inFlight) },
    { name: 'limits and cache', inside: ['model access', 'in-flight calls'], proxy: limited },
  ];
  const retries = retrySettings(config);
  const service: LlmService = composeLayers(
    layers,
    new Router({
      ...{ models, usage, loads, breakers, metrics, memory: parts.routing },
      retries: () => retries,
      slept: () => parts.sleepWatch.slept(),
    }),
  );
  return service;
}

function retrySettings({ resilience: { retries } }: GatewayConfig): RetrySettings {
  const { max, budget, floor, initial, longest, wait, fallbackWait = wait } = retries;
  return {
    max,
    budget: { share: budget, floorPerS: floor },
    initialMs: initial,
    maxMs: longest,
    maxWaitMs: wait,
    fallbackWaitMs: fallbackWait,
  };
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
