import type { LlmCall, StreamOutcome, Usage } from '@sluice/core';
import type { TextCounter } from '@sluice/dialects';
import { promptTokens } from '../call-estimate.ts';

/** The tokens of a call, and whether they are nobody's word. */
export interface CountedUsage {
  readonly usage: Usage | undefined;
  readonly estimated: boolean;
}

/**
 * The tokens of a stream: the provider's word where it came to its end and said it. One that was left or cut before is as long as what had come of it,
 * with the prompt before it: that is estimated. None for one of which nothing had come, and which nobody left: the provider does not bill it.
 */
export function usageOfStream(
  call: LlmCall,
  { end, usage, generated = 0, readToEnd }: StreamOutcome,
  counter: TextCounter,
): CountedUsage {
  if ((end === 'finished' || readToEnd === true) && usage !== undefined) return { usage, estimated: false };
  // what passes unread tells nothing
  if (call.operation === 'other' || (end !== 'cancelled' && generated === 0)) return { usage, estimated: false };
  const estimate: Usage = {
    ...usage,
    inputTokens: usage?.inputTokens ?? promptTokens(call, counter),
    // what is told at the beginning is what was there at the beginning
    outputTokens: Math.max(usage?.outputTokens ?? 0, generated),
  };
  return { usage: estimate, estimated: true };
}
