import type { LlmCall } from '@sluice/core';
import type { CacheKey } from '@sluice/store/ports';
import { requestDigest } from '../request-digest.ts';

/**
 * The scope of shared entries and of calls without a caller. It cannot collide with a tenant, because a tenant's name contains
 * no '*'.
 */
export const SHARED_SCOPE = '*';

/** Returns the key of the response to a call. @param isShared whether tenants share entries */
export function exactKey(call: LlmCall, isShared: boolean): CacheKey {
  return {
    scope: isShared ? SHARED_SCOPE : (call.context.caller?.tenant ?? SHARED_SCOPE),
    namespace: call.preferences.cache.namespace ?? '',
    model: call.message.view().model,
    digest: requestDigest(call, 'response'),
  };
}

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
