import type { LlmCall } from '@sluice/core';
import { asksToReasonAmidCalls, unmarkRequest } from '@sluice/dialects';
import { answerLimit, type TranslatedRequest, type TranslationOptions } from './translate-request.ts';

export interface PassingOptions extends TranslationOptions {
  /** Ask for usage in a stream. */
  readonly streamUsage: boolean;
}

const NOTHING: readonly string[] = [];

/** Passes a request on to a provider of its own dialect, byte for byte but for what the provider needs changed and for the gateway's own marks. */
export function passRequest(call: LlmCall, { to, model, profile, quirks, streamUsage }: PassingOptions): TranslatedRequest {
  const outputLimit = call.operation === 'count_tokens' ? undefined : answerLimit(call);
  const view = call.message.forUpstream({ model, streamUsage, outputLimit });
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.length);
  const unmarked = unmarkRequest(to.name, bytes, {
    skipMarker: profile.unsignedCalls === 'skip_marker',
    dropFromMessages: quirks?.dropFromMessages,
    isGemini: /gemini/.test(model),
    always: to.name === 'anthropic-messages' && asksToReasonAmidCalls(call.message.json()),
  });
  // an attempt before this one may have noted some
  call.facts.dropped = unmarked?.dropped ?? NOTHING;
  if (unmarked === undefined) return { bytes, restorer: undefined };
  return { bytes: Buffer.from(JSON.stringify(unmarked.body)), restorer: undefined };
}
