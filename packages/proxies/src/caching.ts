import { hash } from 'node:crypto';
import {
  type CacheDirectives,
  CallSlot,
  type Clock,
  type ConcernHealth,
  isStreamed,
  type LlmCall,
  LlmError,
  type LlmProxy,
  type LlmReply,
  ReplyStream,
  type StreamedReply,
  systemClock,
  unwatched,
  type WholeReply,
} from '@sluice/core';
import type { Cache, CacheEntry, CacheKey } from '@sluice/store/ports';
import type { Metrics } from '@sluice/telemetry';
import { collectedStream } from './collected-stream.ts';

export interface CachingOptions {
  readonly cache: Cache;
  /** How long an answer is kept where the call does not say, in seconds. */
  readonly ttlS: number;
  /** Whether one tenant may be answered with what another bought. */
  readonly sharedBetweenTenants?: boolean;
  /** A longer answer is not kept. */
  readonly maxEntryBytes?: number;
  readonly clock?: Clock;
  readonly metrics?: Pick<Metrics, 'cacheLookups'>;
  /** Where the cache fails, the call goes on without it. */
  readonly health?: ConcernHealth;
}

const MAX_ENTRY_BYTES = 1024 * 1024;
/** The scope of callers who share, and of calls without a caller. A tenant's name cannot be it: it has no '*'. */
export const SHARED_SCOPE = '*';
const CACHED_OPERATIONS = new Set(['chat', 'completions', 'embeddings']);

/**
 * Answers what was asked before with what was answered then, byte for byte. Two calls are the same if their bytes, route and namespace
 * are; one tenant's answers are never another's unless the configuration says that tenants share. Only whole answers and finished
 * streams with status 200 with content are kept.
 *
 * @throws LlmError `not_cached` for a call that wants a hit or nothing
 */
export function caching(options: CachingOptions): LlmProxy {
  const { cache, metrics } = options;
  const clock = options.clock ?? systemClock;
  const maxEntryBytes = options.maxEntryBytes ?? MAX_ENTRY_BYTES;
  const health = options.health ?? unwatched;
  const lookups = new CallSlot<{ key: CacheKey; found: Promise<CacheEntry | undefined> | undefined }>('cache lookup');

  const keyOf = (call: LlmCall): CacheKey => ({
    scope: options.sharedBetweenTenants === true ? SHARED_SCOPE : (call.facts.caller?.tenant ?? SHARED_SCOPE),
    namespace: call.preferences.cache.namespace ?? '',
    model: call.message.view().model,
    digest: digestOf(call),
  });

  const lookUp = (call: LlmCall) => {
    const key = keyOf(call);
    const { noCache } = call.preferences.cache;
    const found =
      noCache === true
        ? undefined
        : cache.get(key).then(
            (entry) => {
              health.works();
              return entry;
            },
            (error: unknown) => {
              health.failed(error);
              call.facts.degraded = [...call.facts.degraded, 'cache'];
              return undefined;
            },
          );
    return { key, found };
  };

  const keep = (call: LlmCall, key: CacheKey, reply: LlmReply, body: Uint8Array): void => {
    const { provider, providerModel, dropped, account } = call.facts;
    const { usage, cost } = account;
    const nowMs = clock.now();
    const entry: CacheEntry = {
      contentType: reply.contentType,
      body,
      streamed: isStreamed(reply),
      ...(usage === undefined ? {} : { usage }),
      ...(cost === undefined ? {} : { cost }),
      ...(dropped.length === 0 ? {} : { dropped }),
      provider: provider ?? '',
      providerModel: providerModel ?? '',
      storedAtMs: nowMs,
      expiresAtMs: nowMs + (call.preferences.cache.ttlS ?? options.ttlS) * 1_000,
    };
    cache.set(key, entry).catch((error: unknown) => health.failed(error));
  };

  return (next) => ({
    prepare(call) {
      if (isCacheable(call)) lookups.set(call, lookUp(call));
    },
    async complete(call) {
      const directives = call.preferences.cache;
      if (!isCacheable(call)) {
        if (directives.onlyIfCached === true && CACHED_OPERATIONS.has(call.operation)) throw notCached();
        return next.complete(call);
      }
      const { key, found } = lookups.get(call) ?? lookUp(call);
      call.facts.cacheKey = cacheKeyText(key);
      if (found !== undefined) {
        const entry = await found;
        const fresh = entry !== undefined && isFresh(entry, directives, clock.now());
        metrics?.cacheLookups.inc({ kind: 'exact', result: fresh ? 'hit' : 'miss' });
        if (fresh) return replay(call, entry, clock.now());
        call.facts.cache = 'miss';
      }
      if (directives.onlyIfCached === true) throw notCached();
      const reply = await next.complete(call);
      // an answer that a budget bounded is not what others would get
      if (directives.noStore !== true && reply.status === 200 && call.outputLimit === undefined) {
        if (!isStreamed(reply)) {
          if (reply.empty !== true && reply.body.length <= maxEntryBytes) keep(call, key, reply, reply.body);
        } else {
          const { outcome } = reply.stream;
          void Promise.all([collectedStream(reply, maxEntryBytes), outcome]).then(([body, { generated }]) => {
            // an answer without content is never cached
            if (body !== undefined && generated !== 0) keep(call, key, reply, body);
          });
        }
      }
      return reply;
    },
  });
}

/** A key as clients and administrators see it; whose it is, is not in it. */
export const cacheKeyText = ({ namespace, model, digest }: Omit<CacheKey, 'scope'>): string =>
  `${namespace}:${encodeURIComponent(model)}:${digest}`;

/** The key of such a text; undefined for what is none. */
export function readCacheKey(text: string, scope: string): CacheKey | undefined {
  const [, namespace, model, digest] = /^([A-Za-z0-9._-]{0,64}):([^:]{1,400}):([\w.-]{43,256})$/.exec(text) ?? [];
  if (namespace === undefined || model === undefined || digest === undefined) return undefined;
  try {
    return { scope, namespace, model: decodeURIComponent(model), digest };
  } catch {
    return undefined;
  }
}

function isCacheable(call: LlmCall): boolean {
  const { noCache, noStore } = call.preferences.cache;
  return CACHED_OPERATIONS.has(call.operation) && !(noCache === true && noStore === true);
}

function notCached(): LlmError {
  return new LlmError('not_cached', 'There is no answer in the cache, and the call asked for nothing else (only-if-cached).');
}

/** All else that decides the answer. None of the parts has a dot in it, so that no two calls can run together into one. */
function digestOf({ operation, dialect, preferences, featureHeaders, message: { address, bytes } }: LlmCall): string {
  const features = featureHeaders === undefined ? '' : hash('sha256', featureHeaders.join('\n'), 'base64url');
  const where = address === undefined ? '' : hash('sha256', address, 'base64url');
  return `${operation}.${dialect}.${preferences.optimizeFor ?? ''}.${features}.${where}.${hash('sha256', bytes, 'base64url')}`;
}

function isFresh(entry: CacheEntry, directives: CacheDirectives, nowMs: number): boolean {
  return directives.maxAgeS === undefined || nowMs - entry.storedAtMs <= directives.maxAgeS * 1_000;
}

function replay(call: LlmCall, entry: CacheEntry, nowMs: number): LlmReply {
  const { facts } = call;
  facts.cache = 'hit';
  facts.cacheAgeS = Math.max(0, Math.floor((nowMs - entry.storedAtMs) / 1_000));
  facts.cacheTtlS = Math.max(0, Math.ceil((entry.expiresAtMs - nowMs) / 1_000));
  facts.provider = entry.provider;
  facts.providerModel = entry.providerModel;
  facts.dropped = entry.dropped ?? [];
  facts.saved = entry.cost;
  facts.account.replace({ usage: entry.usage, cost: entry.cost === undefined ? undefined : 0 });
  const head = { status: 200, contentType: entry.contentType, headers: {} };
  if (!entry.streamed) return { ...head, body: entry.body } satisfies WholeReply;
  const stream = new ReplyStream({ pause() {}, resume() {}, cancel() {} });
  stream.push(entry.body);
  stream.finish({ end: 'finished', ...(entry.usage === undefined ? {} : { usage: entry.usage }) });
  return { ...head, stream } satisfies StreamedReply;
}
