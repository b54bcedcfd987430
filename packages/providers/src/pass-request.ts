import { bufferOf, droppedParameters, type LlmCall } from '@sluice/core';
import {
  asksToReasonAmidCalls,
  isObject,
  type JsonObject,
  parseJson,
  ReplyRestorer,
  type UnmarkOptions,
  unmarkRequest,
} from '@sluice/dialects';
import { lowerCustomTools, mayHoldCustomTools } from './shaping/lower-custom-tools.ts';
import { repairHistory } from './shaping/repair-history.ts';
import { answerLimit, type TranslatedRequest, type TranslationOptions } from './translate-request.ts';

export interface PassingOptions extends TranslationOptions {
  /** Whether to request usage in a stream. */
  readonly streamUsage: boolean;
}

const NOTHING: readonly string[] = [];
/** Gemini from 3 on, by name. */
const SIGNS = /gemini-(?![12]\b)/;

/**
 * Passes a request to a provider of its own dialect, byte for byte, except for required changes, the gateway's own marks, and
 * parts of the history by another provider that this one certainly refuses.
 */
export function passRequest(call: LlmCall, { to, model, profile, quirks, streamUsage }: PassingOptions): TranslatedRequest {
  const outputLimit = call.operation === 'count_tokens' ? undefined : answerLimit(call);
  const bytes = bufferOf(call.message.forUpstream({ model, streamUsage, outputLimit }));
  // an earlier attempt may have noted dropped parameters
  droppedParameters.set(call, NOTHING);
  const repair = (body: JsonObject): JsonObject =>
    repairHistory(to.name, body, {
      profile,
      dropFromMessages: quirks?.dropFromMessages,
      plainMessages: quirks?.plainMessages,
      systemForDeveloper: quirks?.systemForDeveloper,
      withoutStreamOptions: !profile.streamOptions,
      requiresSignatures: profile.unsignedCalls === 'skip_marker' && SIGNS.test(model),
    });
  const request = call.message.json();
  const amidCalls = to.name === 'anthropic-messages' && asksToReasonAmidCalls(request);
  const options: UnmarkOptions = {
    skipMarker: profile.unsignedCalls === 'skip_marker',
    dropFromMessages: quirks?.dropFromMessages,
    isGemini: /gemini/.test(model),
    always: amidCalls,
  };
  const isPlain = call.message.view().isPlain === true;
  const unmarked = isPlain ? undefined : unmarkRequest(to.name, bytes, options);
  const custom = !isPlain && to.name === 'openai-chat' && !profile.tools.custom && mayHoldCustomTools(bytes);
  if (unmarked !== undefined) droppedParameters.set(call, unmarked.dropped);
  else if (!custom && repair(request) === request) return { bytes, restorer: undefined };
  const body = unmarked?.body ?? parseJson(bytes.toString('utf8'));
  if (!isObject(body)) return { bytes, restorer: undefined };
  const repaired = repair(body);
  const lowered = custom ? lowerCustomTools(repaired) : undefined;
  if (lowered === undefined) {
    return {
      bytes: repaired === body && unmarked === undefined ? bytes : Buffer.from(JSON.stringify(repaired)),
      restorer: undefined,
    };
  }
  const { toolForms } = lowered;
  const restorer = toolForms.size === 0 ? undefined : new ReplyRestorer({ toolNames: new Map(), toolForms, stop: [] });
  return { bytes: Buffer.from(JSON.stringify(lowered.body)), restorer };
}
