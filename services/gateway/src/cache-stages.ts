import type { GatewayConfig } from '@sluice/config';
import type { LlmCall, LlmReply, StoreStage } from '@sluice/core';
import { comparisonWith, normalForm, rulesVersion } from '@sluice/near-match';
import {
  type CachingOptions,
  Coalescing,
  cachingStage,
  type Judge,
  modelJudge,
  type NearOptions,
  repeatedCall,
  type SemanticOptions,
  textJudge,
} from '@sluice/proxies';
import type { ChainParts } from './chain-parts.ts';

type Parts = Pick<ChainParts, 'config' | 'stores' | 'models' | 'metrics' | 'concerns'>;
type SemanticConfig = NonNullable<GatewayConfig['cache']['semantic']>;

/**
 * Returns the stage of the cache, or none without a cache in the configuration.
 *
 * @param complete makes a call of its own, through the whole chain
 */
export function cacheStages(parts: Parts, complete: (call: LlmCall) => Promise<LlmReply>): StoreStage[] {
  const { config, stores, models, metrics, concerns } = parts;
  const { exact, near, semantic, coalesce, sharedBetweenTenants, maxEntry: maxEntryBytes } = config.cache;
  if (exact === undefined) return [];
  const { ttl, staleWhileRevalidate = 0, staleIfError = 0 } = exact;
  const options: CachingOptions = {
    cache: stores.cache,
    ttlS: ttl / 1_000,
    staleWhileRevalidateS: staleWhileRevalidate / 1_000,
    staleIfErrorS: staleIfError / 1_000,
    ...{ sharedBetweenTenants, maxEntryBytes, coalesce, metrics, health: concerns.cache },
    near: nearOptions(near),
    semantic: semantic === undefined ? undefined : semanticOptions(parts, semantic, complete),
    coalescing: new Coalescing({ claims: stores.idempotent, health: concerns.limits }),
    termsOfModel: (model) => models.cacheTerms(model),
    revalidate: (call) => complete(repeatedCall(call)),
  };
  return [cachingStage(options)];
}

function nearOptions({ mode, turns, ...limits }: GatewayConfig['cache']['near']): NearOptions | undefined {
  return mode === 'off' ? undefined : { mode, normalForm: versionedForm, maxTurns: turns, ...limits };
}

/** Forms of different versions are not comparable, so the version is a part of the key. */
function versionedForm(text: string): string | undefined {
  const form = normalForm(text);
  return form === undefined ? undefined : `${rulesVersion}:${form}`;
}

function semanticOptions(
  { stores, metrics, concerns }: Parts,
  config: SemanticConfig,
  complete: (call: LlmCall) => Promise<LlmReply>,
): SemanticOptions {
  const { embeddings: model, dimensions, judge, own, turns, timeout, ttl, ...same } = config;
  return {
    ...same,
    index: stores.semanticIndex,
    counts: stores.semanticCounts,
    embeddings: { model, dimensions },
    comparisonWith,
    judge: judgeOf(judge, complete),
    ownLabels: own,
    maxTurns: turns,
    timeoutMs: timeout,
    ttlMs: ttl,
    ...{ complete, metrics, health: concerns.cache },
  };
}

function judgeOf(judge: SemanticConfig['judge'], complete: (call: LlmCall) => Promise<LlmReply>): Judge | undefined {
  switch (judge.by) {
    case 'text':
      return textJudge;
    case 'model':
      return modelJudge({ model: judge.model, perMinute: judge.perMinute, complete });
    case 'feedback':
      return undefined;
  }
}
