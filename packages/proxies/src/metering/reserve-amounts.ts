import type { LlmCall, Money } from '@sluice/core';
import { costOf } from '@sluice/pricing';
import { saturated } from '@sluice/store/ports';
import { type CallEstimate, estimateCall } from '../call-estimate.ts';
import { type Model, type Target, targetsOf } from '../targets/model.ts';

/** How an answer without a limit that the budget could not pay for is bounded, in tokens: more than any model writes. */
const MOST_OUTPUT_TOKENS = 131_072;

/** What is reserved for a call before it is made. */
export interface ReserveAmounts {
  /** Of token windows, prompt and answer. */
  readonly tokens: number;
  /** The least of a budget that the call needs, and the most that it reserves where the budget has plenty left. */
  readonly cost: Money;
  readonly mostCost: Money;
  /** How many tokens the answer may have for an amount of money; undefined where the amount pays for any answer. */
  outputLimit(granted: Money): number | undefined;
}

/** Reserves what the call may come to at most: its prompt, and as long an answer as it may have. */
export function fullAmounts(call: LlmCall, model: Model | undefined): ReserveAmounts {
  const { usage, cost } = estimateCall(call, model);
  const amount = saturated(cost);
  return {
    tokens: saturated(usage.inputTokens + usage.outputTokens),
    cost: amount,
    mostCost: amount,
    outputLimit: () => undefined,
  };
}

/** Reserves what a turn of a session may cost, and one token: a session goes on until the window is used up. */
export const turnAmounts = (call: LlmCall, model: Model | undefined): ReserveAmounts => ({
  ...fullAmounts(call, model),
  tokens: 1,
});

/**
 * Reserves what an answer is likely to have, and bounds the answer to what was reserved, so that the budget holds all the same.
 *
 * @param likelyTokensEach the 99th percentile of the answers of this key and model
 */
export function adaptiveAmounts(call: LlmCall, model: Model | undefined, likelyTokensEach: number): ReserveAmounts {
  const estimate = estimateCall(call, model);
  const targets = model === undefined ? [] : targetsOf(model);
  const { inputTokens, outputTokens: full } = estimate.usage;
  const { maxOutputTokens, answers = 1 } = call.message.view();
  const limited = maxOutputTokens !== undefined;
  const likelyTokens = likelyTokensEach * answers;
  const outputTokens = limited ? Math.min(full, likelyTokens) : likelyTokens;
  const most = limited ? full : Math.max(full, MOST_OUTPUT_TOKENS * answers);
  const mostCost = dearest(targets, estimate, most);
  return {
    tokens: saturated(inputTokens + outputTokens),
    cost: dearest(targets, estimate, outputTokens),
    mostCost,
    outputLimit: (granted) => (granted >= mostCost ? undefined : tokensFor(targets, estimate, granted)),
  };
}

function dearest(targets: readonly Target[], { usage }: CallEstimate, outputTokens: number): Money {
  return saturated(Math.max(0, ...targets.map(({ price }) => costOf(price, { ...usage, outputTokens }) ?? 0)));
}

/** The longest answer that an amount pays for at each of the targets. Within one prompt a price is linear in the answer's tokens. */
function tokensFor(targets: readonly Target[], { usage }: CallEstimate, amount: Money): number | undefined {
  const limits = targets.flatMap(({ price }) => {
    const prompt = costOf(price, { ...usage, outputTokens: 0 }) ?? 0;
    const perMillion = (costOf(price, { ...usage, outputTokens: 1_000_000 }) ?? 0) - prompt;
    return perMillion <= 0 ? [] : [Math.floor(((amount - prompt) * 1_000_000) / perMillion)];
  });
  return limits.length === 0 ? undefined : Math.max(1, Math.min(...limits));
}
