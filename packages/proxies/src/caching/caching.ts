import {
  type Clock,
  type DependencyHealth,
  inOneRoundTrip,
  type LlmCall,
  LlmError,
  type LlmProxy,
  type LlmReply,
  type LlmService,
  noopHealth,
  type PendingStage,
  type StoreStage,
  systemClock,
} from '@sluice/core';
import type { CacheEntry, CacheKey } from '@sluice/store/ports';
import { markDegraded } from '../degraded.ts';
import { cacheKeyText, exactKey } from './cache-keys.ts';
import { type CacheState, type CacheTier, cacheResult } from './cache-result.ts';
import { type CachingOptions, type CallTerms, termsOf } from './caching-options.ts';
import { keptResponse } from './kept-response.ts';
import { nearKey } from './near-tier.ts';
import { type ReplayDetails, replayedEntry } from './replayed-entry.ts';
import { Revalidations } from './revalidations.ts';
import { entryName } from './semantic/entry-name.ts';
import type { SemanticLookup } from './semantic/semantic-lookup.ts';
import { SemanticTier } from './semantic/semantic-tier.ts';
import { isFresh, mayServeAfterError, mayServeWhileReplaced } from './staleness.ts';

const CACHED_OPERATIONS = new Set(['chat', 'completions', 'embeddings']);

/**
 * Serves repeated calls from the cache. Two calls are equal if their operation, dialect, namespace, strategy preference, feature
 * headers and canonical requests are equal. Entries are separate for each tenant, unless the configuration shares them. Only
 * complete responses and finished streams with status 200 and some content are cached.
 *
 * Beyond equal calls, a question may be served by the response to another wording of it (near), and by an identical call that is
 * in flight (coalesced).
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

/** What was sent to the cache for a call. */
interface Lookup {
  readonly terms: CallTerms;
  readonly key: CacheKey;
  /** Undefined if the call does not read the cache. */
  readonly found: Promise<CacheEntry | undefined> | undefined;
  /** Of the response to another wording. Undefined if it is not served. */
  readonly near: NearLookup | undefined;
}

interface NearLookup {
  readonly key: CacheKey;
  readonly digest: Promise<string | undefined>;
}

/** What was found for a call that is not served. */
interface Found {
  readonly expired?: CacheEntry | undefined;
  readonly meaning?: SemanticLookup | undefined;
}

class CachingStage implements StoreStage {
  readonly #options: CachingOptions;
  readonly #clock: Clock;
  readonly #health: DependencyHealth;
  readonly #revalidations: Revalidations;
  readonly #semantic: SemanticTier | undefined;

  constructor(options: CachingOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#health = options.health ?? noopHealth;
    this.#revalidations = new Revalidations(options.revalidate);
    this.#semantic = options.semantic === undefined ? undefined : new SemanticTier(options.semantic);
  }

  /** Sends the lookups. */
  ask(call: LlmCall): PendingStage {
    if (!isCacheable(call)) return UNCACHED;
    const terms = termsOf(call, this.#options);
    const key = exactKey(call, this.#options.sharedBetweenTenants === true);
    const reads = call.preferences.cache.noCache !== true;
    const found = reads ? this.#read(call, this.#options.cache.get(key)) : undefined;
    const lookup: Lookup = { terms, key, found, near: reads && terms.near ? this.#lookUpNear(call, key) : undefined };
    return { complete: (of, next) => this.#complete(of, lookup, next) };
  }

  async #complete(call: LlmCall, lookup: Lookup, next: LlmService): Promise<LlmReply> {
    const text = cacheKeyText(lookup.key);
    cacheResult.set(call, { state: 'bypass', key: text });
    // the call has been admitted by its limits
    const { feedback } = call.preferences.cache;
    if (feedback !== undefined) void this.#semantic?.feedback(lookup.key.scope, feedback);
    if (lookup.found === undefined) return await this.#ask(call, lookup, next);
    const expired = await lookup.found;
    const served = this.#serve(call, lookup, expired) ?? (await this.#serveNear(call, lookup));
    if (served !== undefined) return served;
    const meaning = lookup.terms.semantic ? await this.#semantic?.find(call, lookup.key, lookup.terms.maxErrors) : undefined;
    const meant = meaning === undefined ? undefined : await this.#serveMeaning(call, lookup, meaning);
    if (meant !== undefined) return meant;
    cacheResult.set(call, { state: 'miss', key: text });
    if (call.preferences.cache.onlyIfCached === true) throw notCached();
    return await this.#ask(call, lookup, next, { expired, meaning });
  }

  /** Serves a call with an entry, if it is fresh enough. An expired entry that is served is replaced in the background. */
  #serve(call: LlmCall, { key, terms }: Lookup, entry: CacheEntry | undefined): LlmReply | undefined {
    const nowMs = this.#clock.now();
    const { cache: directives } = call.preferences;
    const fresh = entry !== undefined && isFresh(entry, directives, nowMs);
    // a request that the gateway has rewritten cannot be made again, and the response to one with `no-store` replaces nothing
    const mayRepeat = call.sent === undefined && directives.noStore !== true && this.#options.revalidate !== undefined;
    const stale = entry !== undefined && !fresh && mayRepeat && mayServeWhileReplaced(entry, directives, terms, nowMs);
    const reply =
      fresh || stale ? this.#replay(call, 'hit', key, entry, { stale: stale ? 'while-revalidate' : undefined }) : undefined;
    this.#count('exact', reply === undefined ? 'miss' : stale ? 'stale' : 'hit');
    if (reply !== undefined && stale) this.#revalidations.start(`${key.scope}\n${cacheKeyText(key)}`, call);
    return reply;
  }

  /** Serves a call with the response to another wording of its question. */
  async #serveNear(call: LlmCall, { key, near }: Lookup): Promise<LlmReply | undefined> {
    const digest = await near?.digest;
    if (near === undefined || digest === undefined) {
      if (near !== undefined) this.#count('near', 'miss');
      return undefined;
    }
    const at = { ...key, digest };
    const { entry, isGone } = await this.#named(call, at);
    const reply = entry === undefined ? undefined : this.#replay(call, 'near', at, entry);
    this.#count('near', reply === undefined ? 'miss' : 'hit');
    if (isGone) void this.#send(this.#options.cache.remove(near.key));
    return reply;
  }

  /** Serves a call with the response to a question with the same meaning, if that is certified. */
  async #serveMeaning(call: LlmCall, { key, terms }: Lookup, meaning: SemanticLookup): Promise<LlmReply | undefined> {
    const { candidate } = meaning;
    if (candidate?.decision !== 'serve') {
      this.#count('semantic', candidate?.decision ?? 'miss');
      return undefined;
    }
    const at = { ...key, digest: candidate.neighbour.digest };
    const { entry, isGone } = await this.#named(call, at);
    const semantic = { similarity: candidate.neighbour.similarity, entry: entryName(meaning), bound: terms.maxErrors };
    const reply = entry === undefined ? undefined : this.#replay(call, 'semantic', at, entry, { semantic });
    this.#count('semantic', reply === undefined ? 'miss' : 'hit');
    if (reply !== undefined) void this.#semantic?.served(meaning);
    else if (isGone) void this.#semantic?.forget(meaning);
    return reply;
  }

  /** Asks the provider, alone or together with identical calls. */
  async #ask(call: LlmCall, lookup: Lookup, next: LlmService, { expired, meaning }: Found = {}): Promise<LlmReply> {
    const { key, terms, near, found } = lookup;
    const { coalescing } = this.#options;
    const keeps = call.preferences.cache.noStore !== true;
    // a question that is not served by other wordings is counted, beside the call to the provider
    const shadow = !terms.near && found !== undefined ? this.#shadow(call, key) : undefined;
    const lead = async (leading: LlmCall): Promise<{ reply: LlmReply; kept: Promise<boolean> }> => {
      const reply = await next.complete(leading);
      return {
        reply,
        kept: keeps ? this.#keep(leading, { ...lookup, near: near ?? shadow }, reply, meaning) : Promise.resolve(false),
      };
    };
    try {
      if (coalescing === undefined || !terms.coalesce || !keeps || found === undefined) return (await lead(call)).reply;
      const kept = async () => {
        const entry = await this.#read(call, this.#options.cache.get(key));
        return entry !== undefined && isFresh(entry, call.preferences.cache, this.#clock.now()) ? entry : undefined;
      };
      const { reply, isLeader } = await coalescing.complete(call, key, { lead, kept, maxBytes: terms.maxBytes });
      this.#count('coalesced', isLeader ? 'miss' : 'hit');
      return reply;
    } catch (error) {
      const nowMs = this.#clock.now();
      if (expired === undefined || !mayServeAfterError(expired, call.preferences.cache, terms, nowMs, error)) throw error;
      const reply = this.#replay(call, 'hit', key, expired, { stale: 'if-error' });
      if (reply === undefined) throw error;
      return reply;
    }
  }

  #replay(
    call: LlmCall,
    state: CacheState,
    key: CacheKey,
    entry: CacheEntry,
    more: Pick<ReplayDetails, 'stale' | 'semantic'> = {},
  ): LlmReply | undefined {
    return replayedEntry(call, entry, { state, key: cacheKeyText(key), nowMs: this.#clock.now(), ...more });
  }

  #lookUpNear(call: LlmCall, key: CacheKey): NearLookup | undefined {
    const { near, cache } = this.#options;
    const at = near === undefined ? undefined : nearKey(call, key, near);
    if (near !== undefined && at === undefined) this.#count('near', 'ineligible');
    return at === undefined ? undefined : { key: at, digest: this.#read(call, cache.alias(at)) };
  }

  /** Counts whether the response to another wording would have been served. The call does not wait for it. */
  #shadow(call: LlmCall, key: CacheKey): NearLookup | undefined {
    if (call.preferences.cache.mode === 'exact') return undefined;
    const near = this.#lookUpNear(call, key);
    void near?.digest.then((digest) => this.#count('near', digest === undefined ? 'would_miss' : 'would_hit'));
    return near;
  }

  /** Stores a reply once it is complete. Resolves to whether there is an entry, and never rejects. */
  async #keep(call: LlmCall, { key, terms, near }: Lookup, reply: LlmReply, meaning?: SemanticLookup): Promise<boolean> {
    const staleMs = Math.max(terms.staleWhileRevalidateMs, terms.staleIfErrorMs);
    const entry = await keptResponse(call, reply, { ttlMs: terms.ttlMs, staleMs, maxBytes: terms.maxBytes }, this.#clock);
    if (entry === undefined) return false;
    const { cache } = this.#options;
    const writes = [cache.set(key, entry)];
    if (near !== undefined) writes.push(cache.setAlias(near.key, key.digest, entry.freshUntilMs ?? entry.expiresAtMs));
    const [isKept = false] = await Promise.all(writes.map((write) => this.#send(write)));
    if (isKept && meaning !== undefined) void this.#learn(call, meaning, key, entry);
    return isKept;
  }

  /** Stores the meaning of a question, and compares the response that could have served it with its own. Never rejects. */
  async #learn(call: LlmCall, meaning: SemanticLookup, key: CacheKey, fresh: CacheEntry): Promise<void> {
    const { candidate } = meaning;
    const at = candidate?.isLabelled === true ? { ...key, digest: candidate.neighbour.digest } : undefined;
    const compared = at === undefined ? undefined : await this.#read(call, this.#options.cache.get(at));
    await this.#semantic?.learn(call, meaning, key, fresh, compared);
  }

  /** Reads an entry that an alias or the index names, if it is fresh enough. `isGone`: it no longer exists, so that its name can be removed. */
  async #named(call: LlmCall, key: CacheKey): Promise<{ entry: CacheEntry | undefined; isGone: boolean }> {
    let hasFailed = false;
    const entry = await this.#read(call, this.#options.cache.get(key), () => {
      hasFailed = true;
    });
    const fresh = entry !== undefined && isFresh(entry, call.preferences.cache, this.#clock.now());
    return { entry: fresh ? entry : undefined, isGone: entry === undefined && !hasFailed };
  }

  /** Reads from the cache. A failing cache is a miss. */
  async #read<T>(call: LlmCall, reading: Promise<T | undefined>, onFailure?: () => void): Promise<T | undefined> {
    try {
      const value = await reading;
      this.#health.success();
      return value;
    } catch (error) {
      this.#health.failure(error);
      markDegraded(call, ['cache']);
      onFailure?.();
      return undefined;
    }
  }

  /** Resolves to whether a command has succeeded. */
  async #send(command: Promise<unknown>): Promise<boolean> {
    try {
      await command;
      return true;
    } catch (error) {
      this.#health.failure(error);
      return false;
    }
  }

  #count(kind: CacheTier, result: string): void {
    this.#options.metrics?.cacheLookups.inc({ kind, result });
  }
}

/** The stage of a call that the cache does not serve. */
const UNCACHED: PendingStage = {
  async complete(call, next) {
    if (call.preferences.cache.onlyIfCached === true && CACHED_OPERATIONS.has(call.operation)) throw notCached();
    return await next.complete(call);
  },
};

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
