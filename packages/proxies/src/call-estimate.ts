import type { LlmCall, Money, TurnEstimate, Usage } from '@sluice/core';
import { atMostByLength, byLength, DIALECTS, estimateTokens, openAiTokens, type TextCounter } from '@sluice/dialects';
import { costOf } from '@sluice/pricing';
import { type Model, type Target, targetsOf } from './routing/model.ts';

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
  if (call.turn !== undefined) return estimateTurn(call.turn, model);
  const { maxOutputTokens, answers = 1 } = call.message.view();
  const generates = call.operation === 'chat' || call.operation === 'completions';
  const targets = model === undefined ? [] : targetsOf(model);
  // for whom there is no tokenizer at hand more is taken than it will be, rather than less
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

/** How a prompt is counted for the target that has it. */
export const counterOf = (target: Pick<Target, 'tokenizer'>): TextCounter => (isOpenAi(target) ? openAiTokens : byLength);

/** How many letters are counted exactly in all: a tokenizer takes some ms for these. Of a long text it looks at no more than the second number. */
const COUNTED_LETTERS = 131_072;
const COUNTED_OF_ONE = 16_384;

/** Counts with `counter` for a while, and then by length, which takes no time. */
function bounded(counter: TextCounter, beyond: TextCounter): TextCounter {
  let letters = 0;
  return (text) => {
    letters += Math.min(text.length, COUNTED_OF_ONE);
    return letters <= COUNTED_LETTERS ? counter(text) : beyond(text);
  };
}

/** Prompts that are given as tokens have as many as there are numbers. */
function tokensGiven(call: LlmCall): number {
  if (call.operation !== 'completions' && call.operation !== 'embeddings') return 0;
  const { prompt, input } = call.message.json();
  const given = call.operation === 'completions' ? prompt : input;
  if (!Array.isArray(given)) return 0;
  return given.reduce<number>((sum, one) => sum + (Array.isArray(one) ? one.length : typeof one === 'number' ? 1 : 0), 0);
}

/**
 * About how many tokens a call's prompt is.
 *
 * @param beyond counts the texts of a long prompt after the first ones
 */
export function promptTokens(call: LlmCall, exact: TextCounter, beyond: TextCounter = byLength): number {
  const counter = bounded(exact, beyond);
  if (call.operation === 'chat') {
    try {
      return estimateTokens(DIALECTS[call.dialect].readRequest(call.message.json()), counter);
    } catch {
      // a request that only its own dialect can say is as long as its bytes
    }
  }
  return Math.ceil(counter(Buffer.from(call.message.bytes).toString()));
}
