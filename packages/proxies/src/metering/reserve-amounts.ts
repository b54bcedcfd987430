import type { LlmCall, Money } from '@sluice/core';
import { costOf } from '@sluice/pricing';
import { saturated } from '@sluice/store/ports';
import { type CallEstimate, estimateCall } from '../call-estimate.ts';
import { type Model, type Target, targetsOf } from '../routing/model.ts';

/** Assumed maximum of output tokens for a request without a limit: more than any model generates. */
const MAX_OUTPUT_TOKENS = 131_072;

/** Amounts that are reserved before a call. */
export interface ReserveAmounts {
  /** For token windows: prompt and response together. */
  readonly tokens: number;
  /** Minimum of a budget that the call needs, and maximum that it reserves if the rest of the budget is large enough. */
  readonly cost: Money;
  readonly maxCost: Money;
  /** Returns the output tokens that an amount pays for. Undefined if the amount pays for any response. */
  outputLimit(granted: Money): number | undefined;
}

/** Reserves the call's maximum: its prompt and the longest possible response. */
export function fullAmounts(call: LlmCall, model: Model | undefined): ReserveAmounts {
  const { usage, cost } = estimateCall(call, model);
  const amount = saturated(cost);
  return {
    tokens: saturated(usage.inputTokens + usage.outputTokens),
    cost: amount,
    maxCost: amount,
    outputLimit: () => undefined,
  };
}

/** Reserves the estimated cost of a turn of a session, and one token: a session continues until the token window is used up. */
export const turnAmounts = (call: LlmCall, model: Model | undefined): ReserveAmounts => ({
  ...fullAmounts(call, model),
  tokens: 1,
});

/**
 * Reserves the likely length of the response, and limits the response to the reservation, so that the budget holds in any case.
 *
 * @param likelyTokensEach the 99th percentile of response lengths for this key and model
 */
export function adaptiveAmounts(call: LlmCall, model: Model | undefined, likelyTokensEach: number): ReserveAmounts {
  const estimate = estimateCall(call, model);
  const targets = model === undefined ? [] : targetsOf(model);
  const { inputTokens, outputTokens: full } = estimate.usage;
  const { maxOutputTokens, answers = 1 } = call.message.view();
  const limited = maxOutputTokens !== undefined;
  const likelyTokens = likelyTokensEach * answers;
  const outputTokens = limited ? Math.min(full, likelyTokens) : likelyTokens;
  const maxTokens = limited ? full : Math.max(full, MAX_OUTPUT_TOKENS * answers);
  const maxCost = highestCost(targets, estimate, maxTokens);
  return {
    tokens: saturated(inputTokens + outputTokens),
    cost: highestCost(targets, estimate, outputTokens),
    maxCost,
    outputLimit: (granted) => (granted >= maxCost ? undefined : tokensFor(targets, estimate, granted)),
  };
}

function highestCost(targets: readonly Target[], { usage }: CallEstimate, outputTokens: number): Money {
  return saturated(Math.max(0, ...targets.map(({ price }) => costOf(price, { ...usage, outputTokens }) ?? 0)));
}

/**
 * Returns the longest response that an amount pays for at every target. For a given prompt, a price is linear in the output
 * tokens.
 */
function tokensFor(targets: readonly Target[], { usage }: CallEstimate, amount: Money): number | undefined {
  const limits = targets.flatMap(({ price }) => {
    const prompt = costOf(price, { ...usage, outputTokens: 0 }) ?? 0;
    const perMillion = (costOf(price, { ...usage, outputTokens: 1_000_000 }) ?? 0) - prompt;
    return perMillion <= 0 ? [] : [Math.floor(((amount - prompt) * 1_000_000) / perMillion)];
  });
  return limits.length === 0 ? undefined : Math.max(1, Math.min(...limits));
}
