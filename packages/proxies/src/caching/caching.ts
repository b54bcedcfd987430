import {
  type CacheDirectives,
  type Clock,
  type DependencyHealth,
  droppedParameters,
  inOneRoundTrip,
  isStreamed,
  type LlmCall,
  LlmError,
  type LlmProxy,
  type LlmReply,
  type LlmService,
  noopHealth,
  type PendingStage,
  replayed,
  type StoreStage,
  systemClock,
} from '@sluice/core';
import type { Cache, CacheEntry, CacheKey } from '@sluice/store/ports';
import { cacheResult } from './cache-result.ts';
import { collectedStream } from './collected-stream.ts';
import { markDegraded } from './degraded.ts';
import type { ProxyMetrics } from './proxy-metrics.ts';
import { requestDigest } from './request-digest.ts';
import { servedBy } from './routing/served-by.ts';

export interface CachingOptions {
  readonly cache: Cache;
  /** Lifetime of an entry if the call sets none, in seconds. */
  readonly ttlS: number;
  /** Whether cache entries are shared between tenants. */
  readonly sharedBetweenTenants?: boolean;
  /** Maximum size of an entry. Longer responses are not cached. */
  readonly maxEntryBytes?: number;
  readonly clock?: Clock;
  readonly metrics?: Pick<ProxyMetrics, 'cacheLookups'>;
  /** Health of the cache. If the cache fails, the call continues without it. */
  readonly health?: DependencyHealth;
}

const MAX_ENTRY_BYTES = 1024 * 1024;
/**
 * The scope of shared entries and of calls without a caller. It cannot collide with a tenant, because a tenant's name contains
 * no '*'.
 */
export const SHARED_SCOPE = '*';
const CACHED_OPERATIONS = new Set(['chat', 'completions', 'embeddings']);

/**
 * Serves repeated calls from the cache, byte for byte. Two calls are equal if their operation, dialect, namespace, strategy
 * preference, feature headers and bytes are equal. Entries are separate for each tenant, unless the configuration shares them.
 * Only whole responses and finished streams with status 200 and some content are cached.
 *
 * @throws LlmError `not_cached` for a call with `only-if-cached` and no cache entry
 */
export function caching(options: CachingOptions): LlmProxy {
  return inOneRoundTrip([cachingStage(options)]);
}

/** Returns `caching` as a stage of a round trip. */
export function cachingStage(options: CachingOptions): StoreStage {
  return new CachingStage(options);
}

interface Lookup {
  readonly key: CacheKey;
  /** Undefined if the call does not read the cache. */
  readonly found: Promise<CacheEntry | undefined> | undefined;
}

class CachingStage implements StoreStage {
  readonly #options: CachingOptions;
  readonly #clock: Clock;
  readonly #maxEntryBytes: number;
  readonly #health: DependencyHealth;

  constructor(options: CachingOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#maxEntryBytes = options.maxEntryBytes ?? MAX_ENTRY_BYTES;
    this.#health = options.health ?? noopHealth;
  }

  /** Sends the lookup. */
  ask(call: LlmCall): PendingStage {
    if (!isCacheable(call)) return UNCACHED;
    const lookup = this.#lookUp(call);
    return { complete: (of, next) => this.#complete(of, lookup, next) };
  }

  async #complete(call: LlmCall, { key, found }: Lookup, next: LlmService): Promise<LlmReply> {
    const directives = call.preferences.cache;
    const text = cacheKeyText(key);
    cacheResult.set(call, { state: 'bypass', key: text });
    if (found !== undefined) {
      const entry = await found;
      const fresh = entry !== undefined && isFresh(entry, directives, this.#clock.now());
      this.#options.metrics?.cacheLookups.inc({ kind: 'exact', result: fresh ? 'hit' : 'miss' });
      if (fresh) return replay(call, text, entry, this.#clock.now());
      cacheResult.set(call, { state: 'miss', key: text });
    }
    if (directives.onlyIfCached === true) throw notCached();
    const reply = await next.complete(call);
    // a response that was limited by a budget is shorter than other callers would get
    if (directives.noStore !== true && reply.status === 200 && call.outputLimit === undefined) this.#keep(call, key, reply);
    return reply;
  }

  #lookUp(call: LlmCall): Lookup {
    const key: CacheKey = {
      scope: this.#options.sharedBetweenTenants === true ? SHARED_SCOPE : (call.context.caller?.tenant ?? SHARED_SCOPE),
      namespace: call.preferences.cache.namespace ?? '',
      model: call.message.view().model,
      digest: requestDigest(call, 'response'),
    };
    if (call.preferences.cache.noCache === true) return { key, found: undefined };
    const found = this.#options.cache.get(key).then(
      (entry) => {
        this.#health.success();
        return entry;
      },
      (error: unknown) => {
        this.#health.failure(error);
        markDegraded(call, ['cache']);
        return undefined;
      },
    );
    return { key, found };
  }

  /** Stores a reply once it is complete. A response without content is never cached. */
  #keep(call: LlmCall, key: CacheKey, reply: LlmReply): void {
    if (!isStreamed(reply)) {
      if (reply.empty !== true && reply.body.length <= this.#maxEntryBytes) this.#store(call, key, reply, reply.body);
      return;
    }
    const { outcome } = reply.stream;
    // neither promise rejects
    void Promise.all([collectedStream(reply, this.#maxEntryBytes), outcome]).then(([body, { generated }]) => {
      if (body !== undefined && generated !== 0) this.#store(call, key, reply, body);
    });
  }

  #store(call: LlmCall, key: CacheKey, reply: LlmReply, body: Uint8Array): void {
    const { usage, cost } = call.context.account;
    const { provider, model } = servedBy.get(call) ?? { provider: '', model: '' };
    const dropped = droppedParameters.get(call);
    const nowMs = this.#clock.now();
    const entry: CacheEntry = {
      contentType: reply.contentType,
      body,
      streamed: isStreamed(reply),
      usage,
      cost,
      dropped: dropped.length === 0 ? undefined : dropped,
      provider,
      providerModel: model,
      storedAtMs: nowMs,
      expiresAtMs: nowMs + (call.preferences.cache.ttlS ?? this.#options.ttlS) * 1_000,
    };
    this.#options.cache.set(key, entry).catch((error: unknown) => this.#health.failure(error));
  }
}

/** The stage of a call that the cache does not serve. */
const UNCACHED: PendingStage = {
  async complete(call, next) {
    if (call.preferences.cache.onlyIfCached === true && CACHED_OPERATIONS.has(call.operation)) throw notCached();
    return await next.complete(call);
  },
};

/** Returns a key as shown to clients and administrators, without its tenant. */
export const cacheKeyText = ({ namespace, model, digest }: Omit<CacheKey, 'scope'>): string =>
  `${namespace}:${encodeURIComponent(model)}:${digest}`;

/** Parses the text of a key. Undefined for invalid text. */
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
  return new LlmError(
    'not_cached',
    'The cache has no response for this call, which allows only cached responses (only-if-cached).',
  );
}

function isFresh(entry: CacheEntry, directives: CacheDirectives, nowMs: number): boolean {
  return directives.maxAgeS === undefined || nowMs - entry.storedAtMs <= directives.maxAgeS * 1_000;
}

function replay(call: LlmCall, key: string, entry: CacheEntry, nowMs: number): LlmReply {
  const ageS = Math.max(0, Math.floor((nowMs - entry.storedAtMs) / 1_000));
  const ttlS = Math.max(0, Math.ceil((entry.expiresAtMs - nowMs) / 1_000));
  cacheResult.set(call, { state: 'hit', key, entry: { ageS, ttlS, cost: entry.cost } });
  servedBy.set(call, { provider: entry.provider, model: entry.providerModel, target: undefined });
  if (entry.dropped !== undefined) droppedParameters.set(call, entry.dropped);
  call.context.account.replay({ usage: entry.usage, cost: entry.cost === undefined ? undefined : 0 });
  const { contentType, body, streamed, usage } = entry;
  return replayed({ status: 200, contentType, body, streamed, usage });
}
