import type { CacheTerms, Clock, DependencyHealth, LlmCall, LlmReply } from '@sluice/core';
import type { Cache } from '@sluice/store/ports';
import type { ProxyMetrics } from '../proxy-metrics.ts';
import type { Coalescing } from './coalescing.ts';
import type { SemanticOptions } from './semantic/semantic-options.ts';

export interface NearOptions {
  /** `shadow` counts the questions that could be served, and serves them only for keys and models with `near: true`. */
  readonly mode: 'shadow' | 'serve';
  /** Returns the form that all wordings of a question share. Undefined if the question must not be served by another one. */
  readonly normalForm: (text: string) => string | undefined;
  /** Maximum number of earlier answers of the model in the conversation. */
  readonly maxTurns: number;
  /** A question with a higher temperature asks for variety. */
  readonly maxTemperature: number;
  /** A longer question has no normal form: it costs CPU, and is seldom asked in other words. */
  readonly maxCharacters: number;
}

export interface CachingOptions {
  readonly cache: Cache;
  /** Lifetime of an entry if the call, its key and its model set none, in seconds. */
  readonly ttlS: number;
  /** Whether cache entries are shared between tenants. */
  readonly sharedBetweenTenants?: boolean;
  /** Maximum size of an entry. Longer responses are not cached. */
  readonly maxEntryBytes?: number;
  /** Time after its lifetime in which an entry may be served while it is replaced, and if no provider answers, in seconds. */
  readonly staleWhileRevalidateS?: number;
  readonly staleIfErrorS?: number;
  readonly near?: NearOptions | undefined;
  /** Serves questions by their meaning, for keys and models with `semantic`. */
  readonly semantic?: SemanticOptions | undefined;
  /** Shares one call between identical calls in flight. */
  readonly coalescing?: Coalescing | undefined;
  /** Whether calls are coalesced if the call, its key and its model do not say. */
  readonly coalesce?: boolean;
  /** Returns what the configuration of a model says about the cache. */
  readonly termsOfModel?: (model: string) => CacheTerms | undefined;
  /** Makes a call again, as a call of its own, to replace its expired entry. */
  readonly revalidate?: (call: LlmCall) => Promise<LlmReply>;
  readonly clock?: Clock;
  readonly metrics?: Pick<ProxyMetrics, 'cacheLookups'>;
  /** Health of the cache. If the cache fails, the call continues without it. */
  readonly health?: DependencyHealth;
}

/** What the cache does for one call. */
export interface CallTerms {
  readonly near: boolean;
  readonly semantic: boolean;
  /** Maximum share of wrong answers that are served by meaning. */
  readonly maxErrors: number;
  readonly coalesce: boolean;
  readonly ttlMs: number;
  readonly maxBytes: number;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
}

const MAX_ENTRY_BYTES = 1024 * 1024;

/** Combines what a call, its key, its model and the configuration say, in this order. */
export function termsOf(call: LlmCall, options: CachingOptions): CallTerms {
  const { cache: asked } = call.preferences;
  const key = call.context.caller?.cache;
  const mayBeSemantic = options.semantic !== undefined && (asked.mode ?? 'semantic') === 'semantic';
  const model = options.termsOfModel?.(call.message.view().model);
  const ttlMs = asked.ttlS === undefined ? (key?.ttl ?? model?.ttl ?? options.ttlS * 1_000) : asked.ttlS * 1_000;
  return {
    near: asked.mode !== 'exact' && (key?.near ?? model?.near ?? options.near?.mode === 'serve'),
    semantic: mayBeSemantic && (key?.semantic ?? model?.semantic ?? false),
    // a key or a model can only be stricter
    maxErrors: Math.min(options.semantic?.maxErrors ?? 0, key?.maxErrors ?? 1, model?.maxErrors ?? 1),
    coalesce: asked.coalesce ?? key?.coalesce ?? model?.coalesce ?? options.coalesce ?? false,
    ttlMs,
    maxBytes: key?.maxEntry ?? model?.maxEntry ?? options.maxEntryBytes ?? MAX_ENTRY_BYTES,
    staleWhileRevalidateMs: (asked.staleWhileRevalidateS ?? options.staleWhileRevalidateS ?? 0) * 1_000,
    staleIfErrorMs: (asked.staleIfErrorS ?? options.staleIfErrorS ?? 0) * 1_000,
  };
}
