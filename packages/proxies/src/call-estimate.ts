import type { LlmCall, Money, TurnEstimate, Usage } from '@sluice/core';
import {
  atMostByLength,
  byLength,
  DIALECTS,
  estimateTexts,
  estimateTokens,
  openAiTokens,
  plainTexts,
  type TextCounter,
} from '@sluice/dialects';
import { costOf } from '@sluice/pricing';
import { type Model, type Target, targetsOf } from './routing/model.ts';

/** Output tokens reserved when the request sets no maximum. Anything above is charged at settlement. */
export const UNLIMITED_OUTPUT_TOKENS = 4_096;
/** Estimated maximum of a call, before it is made. */
export interface CallEstimate {
  readonly usage: Usage;
  /** Cost at the target with the highest price that may serve the call. Zero if no price is known. */
  readonly cost: Money;
}

/** Returns the estimated maximum of a call: its prompt and the longest possible response. */
export function estimateCall(call: LlmCall, model: Model | undefined): CallEstimate {
  if (call.turn !== undefined) return estimateTurn(call.turn, model);
  const { maxOutputTokens, answers = 1 } = call.message.view();
  const generates = call.operation === 'chat' || call.operation === 'completions';
  const targets = model === undefined ? [] : targetsOf(model);
  // without a tokenizer for every target, the estimate is an upper bound
  const counter = targets.length > 0 && targets.every(isOpenAi) ? openAiTokens : atMostByLength;
  const inputTokens = Math.max(promptTokens(call, counter, atMostByLength), tokensGiven(call));
  const usage = { inputTokens, outputTokens: generates ? (maxOutputTokens ?? UNLIMITED_OUTPUT_TOKENS * answers) : 0 };
  const costs = targets.map(({ price }) => costOf(price, usage) ?? 0);
  return { usage, cost: Math.max(0, ...costs) };
}

function estimateTurn({ usage, cost }: TurnEstimate, model: Model | undefined): CallEstimate {
  const targets = model === undefined ? [] : targetsOf(model);
  return { usage, cost: cost ?? Math.max(0, ...targets.map(({ price }) => costOf(price, usage) ?? 0)) };
}

const isOpenAi = ({ tokenizer }: Pick<Target, 'tokenizer'>): boolean => tokenizer === 'openai';

/** Returns the token counter for a target's prompts. */
export const counterOf = (target: Pick<Target, 'tokenizer'>): TextCounter => (isOpenAi(target) ? openAiTokens : byLength);

/**
 * Maximum number of characters that are counted exactly per prompt: a tokenizer takes some ms for this number. The second
 * constant limits the exact part of each text.
 */
const COUNTED_LETTERS = 131_072;
const COUNTED_OF_ONE = 16_384;

/** Counts with `counter` up to that maximum, and then by length, which costs no time. */
function bounded(counter: TextCounter, beyond: TextCounter): TextCounter {
  let letters = 0;
  return (text) => {
    letters += Math.min(text.length, COUNTED_OF_ONE);
    return letters <= COUNTED_LETTERS ? counter(text) : beyond(text);
  };
}

/** Returns the number of tokens of a prompt that is given as token ids. */
function tokensGiven(call: LlmCall): number {
  if (call.operation !== 'completions' && call.operation !== 'embeddings') return 0;
  const { prompt, input } = call.message.json();
  const given = call.operation === 'completions' ? prompt : input;
  if (!Array.isArray(given)) return 0;
  return given.reduce<number>((sum, one) => sum + (Array.isArray(one) ? one.length : typeof one === 'number' ? 1 : 0), 0);
}

/**
 * Returns the approximate number of tokens of a call's prompt.
 *
 * @param beyond counts the texts of a long prompt after the exact part
 */
export function promptTokens(call: LlmCall, exact: TextCounter, beyond: TextCounter = byLength): number {
  const counter = bounded(exact, beyond);
  if (call.operation === 'chat') {
    const texts = call.dialect === 'openai-chat' ? plainTexts(call.message.json()) : undefined;
    if (texts !== undefined) return estimateTexts(texts, counter);
    try {
      return estimateTokens(DIALECTS[call.dialect].readRequest(call.message.json()), counter);
    } catch {
      // a request that only its own dialect can express is counted by its bytes
    }
  }
  return Math.ceil(counter(Buffer.from(call.message.bytes).toString()));
}
