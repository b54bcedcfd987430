import { hash } from 'node:crypto';
import type { LlmCall } from '@sluice/core';
import { ALIAS_PREFIX, type CacheKey } from '@sluice/store/ports';
import { requestDigest } from '../request-digest.ts';
import type { NearOptions } from './caching-options.ts';

/**
 * Returns the key that all wordings of a call's question share. Everything else of the request is a part of the key: the system
 * prompt, tools, parameters, earlier turns and members that the gateway does not know.
 *
 * @returns undefined for a call that no other wording may serve
 */
export function nearKey(
  call: LlmCall,
  exact: CacheKey,
  { normalForm, maxTurns, maxTemperature, maxCharacters }: NearOptions,
): CacheKey | undefined {
  const { operation, message } = call;
  if (operation !== 'chat' || (message.view().answers ?? 1) > 1) return undefined;
  const question = message.question?.();
  if (
    question === undefined ||
    question.text.length > maxCharacters ||
    question.turns > maxTurns ||
    (question.temperature ?? 0) > maxTemperature
  )
    return undefined;
  const form = normalForm(question.text);
  if (form === undefined) return undefined;
  return { ...exact, digest: `${ALIAS_PREFIX}${requestDigest(call, 'wording')}.${hash('sha256', form, 'base64url')}` };
}
