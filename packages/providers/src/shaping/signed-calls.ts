import { isObject, type JsonObject, member, SKIP_SIGNATURE } from '@sluice/dialects';
import type { ModelProfile } from '../profiles/model-profile.ts';

const signatureOf = (call: unknown): unknown => member(member(member(call, 'extra_content'), 'google'), 'thought_signature');

/**
 * Marks the first call of a message of a chat completion if the model certainly refuses it without Google's signature, and
 * removes refused signatures. Returns the same list if nothing changes.
 */
export function signedCalls(calls: readonly unknown[], { unsignedCalls, callSignatures }: ModelProfile): readonly unknown[] {
  if (callSignatures === 'refused') {
    return calls.some((call) => signatureOf(call) !== undefined) ? calls.map(withoutSignature) : calls;
  }
  const [first, ...others] = calls;
  const lacks = isObject(first) && typeof signatureOf(first) !== 'string';
  if (unsignedCalls !== 'skip_marker' || callSignatures !== 'extra_content' || !lacks) return calls;
  return [{ ...first, extra_content: { google: { thought_signature: SKIP_SIGNATURE } } }, ...others];
}

function withoutSignature(call: unknown): unknown {
  if (!isObject(call)) return call;
  const { extra_content: _extra, ...rest }: JsonObject = call;
  return rest;
}
