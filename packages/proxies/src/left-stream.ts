import type { LlmCall, StreamOutcome, Usage } from '@sluice/core';
import type { TextCounter } from '@sluice/dialects';
import { promptTokens } from './call-estimate.ts';

/**
 * The tokens of a stream: the provider's word where it came to its end and said it. One that was left or cut before is as long as what had come of it,
 * with the prompt before it: that is estimated. Undefined for one of which nothing had come, and which nobody left: the provider does not bill it.
 */
export function usageOfStream(
  call: LlmCall,
  { end, usage, generated = 0 }: StreamOutcome,
  counter: TextCounter,
): Usage | undefined {
  if (end === 'finished' && usage !== undefined) return usage;
  // what passes unread tells nothing
  if (call.operation === 'other' || (end !== 'cancelled' && generated === 0)) return usage;
  call.facts.estimated = true;
  return {
    ...usage,
    inputTokens: usage?.inputTokens ?? promptTokens(call, counter),
    // what is told at the beginning is what was there at the beginning
    outputTokens: Math.max(usage?.outputTokens ?? 0, generated),
  };
}
