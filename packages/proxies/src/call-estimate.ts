import type { LlmCall, Money, Usage } from '@sluice/core';
import { DIALECTS, estimateTokens } from '@sluice/dialects';
import { costOf } from '@sluice/pricing';
import type { Model } from './load-balancing.ts';

/** What an answer may have where the caller sets no limit, as far as is reserved for it: what it comes to more is counted when it is known. */
export const UNLIMITED_OUTPUT_TOKENS = 4_096;
/** A body that is no prompt of a conversation: its bytes, a little on the safe side. */
const BYTES_A_TOKEN = 3.5;

/** What a call may come to, before it is made. */
export interface CallEstimate {
  readonly usage: Usage;
  /** At the dearest of its model's targets; zero where nobody knows a price. */
  readonly cost: Money;
}

/** A call's prompt by its length, and as many tokens of an answer as it may have. */
export function estimateCall(call: LlmCall, model: Model | undefined): CallEstimate {
  const { maxOutputTokens } = call.message.view();
  const answers = call.operation === 'chat' || call.operation === 'completions';
  const usage = { inputTokens: promptTokens(call), outputTokens: answers ? (maxOutputTokens ?? UNLIMITED_OUTPUT_TOKENS) : 0 };
  const costs = (model?.targets ?? []).map(({ price }) => costOf(price, usage) ?? 0);
  return { usage, cost: Math.max(0, ...costs) };
}

/** A prompt by its length. */
export function promptTokens(call: LlmCall): number {
  if (call.operation === 'chat') {
    try {
      return estimateTokens(DIALECTS[call.dialect].readRequest(call.message.json()));
    } catch {
      // a request that only its own dialect can say is as long as its bytes
    }
  }
  return Math.ceil(call.message.bytes.length / BYTES_A_TOKEN);
}
