import type { LlmCall, Money, Usage } from '@sluice/core';
import { atMostByLength, byLength, DIALECTS, estimateTokens, openAiTokens, type TextCounter } from '@sluice/dialects';
import { costOf } from '@sluice/pricing';
import { type Model, type Target, targetsOf } from './targets/model.ts';

/** What an answer may have where the caller sets no limit, as far as is reserved for it: what it comes to more is counted when it is known. */
export const UNLIMITED_OUTPUT_TOKENS = 4_096;
/** What a call may come to, before it is made. */
export interface CallEstimate {
  readonly usage: Usage;
  /** At the dearest of the targets that may come to answer it; zero where nobody knows a price. */
  readonly cost: Money;
}

/** A call's prompt, and as many tokens of an answer as it may have. */
export function estimateCall(call: LlmCall, model: Model | undefined): CallEstimate {
  const { maxOutputTokens } = call.message.view();
  const answers = call.operation === 'chat' || call.operation === 'completions';
  const targets = model === undefined ? [] : targetsOf(model);
  // for whom there is no tokenizer at hand more is taken than it will be, rather than less
  const counter = targets.length > 0 && targets.every(isOpenAi) ? openAiTokens : atMostByLength;
  const inputTokens = promptTokens(call, counter);
  const usage = { inputTokens, outputTokens: answers ? (maxOutputTokens ?? UNLIMITED_OUTPUT_TOKENS) : 0 };
  const costs = targets.map(({ price }) => costOf(price, usage) ?? 0);
  return { usage, cost: Math.max(0, ...costs) };
}

const isOpenAi = ({ tokenizer }: Pick<Target, 'tokenizer'>): boolean => tokenizer === 'openai';

/** How a prompt is counted for the target that has it. */
export const counterOf = (target: Pick<Target, 'tokenizer'>): TextCounter => (isOpenAi(target) ? openAiTokens : byLength);

/** About how many tokens a call's prompt is. */
export function promptTokens(call: LlmCall, counter: TextCounter): number {
  if (call.operation === 'chat') {
    try {
      return estimateTokens(DIALECTS[call.dialect].readRequest(call.message.json()), counter);
    } catch {
      // a request that only its own dialect can say is as long as its bytes
    }
  }
  return Math.ceil(counter(Buffer.from(call.message.bytes).toString()));
}
