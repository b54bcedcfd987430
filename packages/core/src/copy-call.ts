import type { LlmCall } from './call.ts';

/** The fields in which a copy may differ. A copy is the same call: it keeps its id and its context. */
export type CallChanges = Partial<Omit<LlmCall, 'id' | 'requestId' | 'context'>>;

/**
 * Returns a copy of a call for an inner layer.
 *
 * The copy shares `context`: results, account and slots of all copies are those of the one call. Every other field is its own, so
 * that a layer which replaces `message` or `sent` of a copy changes no other copy. A message itself is never modified.
 *
 * @example
 * const reply = await next.complete(copyCall(call, { signal: controller.signal }));
 */
export function copyCall(call: LlmCall, changes: CallChanges): LlmCall {
  return { ...call, ...changes };
}
