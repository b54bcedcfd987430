import type { LlmCall, Random, Strategy, Usage } from '@sluice/core';
import { costOf } from '@sluice/pricing';
import { encryptedConversation, targetOfConversation } from './encrypted-state.ts';
import type { Target } from './model.ts';
import type { Speed } from './shared-loads.ts';

/** What is known of targets over all replicas, as far as this one has heard, with what it has done itself since. */
export interface TargetFigures {
  /** Calls that were given to the target lately. */
  calls(target: string): number;
  /** Calls that are under way there. */
  outstanding(target: string): number;
  speed(target: string): Speed;
}

/** As many tokens as an answer may have where a call does not say, for comparing targets. */
const TYPICAL_OUTPUT_TOKENS = 256;
const BYTES_PER_TOKEN = 4;

/** The first of those that score lowest; where the first score is the same, the second decides. */
function lowest(targets: readonly Target[], ...scores: readonly ((target: Target) => number)[]): Target {
  let best = targets;
  for (const score of scores) {
    const values = best.map(score);
    const least = Math.min(...values);
    best = best.filter((_, n) => values[n] === least);
    if (best.length === 1) break;
  }
  return best[0] as Target;
}

function byWeight(targets: readonly Target[], random: Random): Target {
  const total = targets.reduce((sum, target) => sum + target.weight, 0);
  let left = random.next() * total;
  for (const target of targets) {
    left -= target.weight;
    if (left < 0) return target;
  }
  return targets[targets.length - 1] as Target;
}

/** So many tokens the answer is taken to have: the call's own limit, where that is less than answers have. */
function outputTokens(call: LlmCall): number {
  return Math.min(call.message.view().maxOutputTokens ?? TYPICAL_OUTPUT_TOKENS, TYPICAL_OUTPUT_TOKENS);
}

/** What this call would come to at a target; at one of which nobody knows a price, more than anywhere. */
function price(call: LlmCall): (target: Target) => number {
  const { maxOutputTokens } = call.message.view();
  const answers = call.operation === 'chat' || call.operation === 'completions';
  // the same rough count for all: what is compared are prices
  const usage: Usage = {
    inputTokens: Math.ceil(call.message.bytes.length / BYTES_PER_TOKEN),
    outputTokens: answers ? (maxOutputTokens ?? TYPICAL_OUTPUT_TOKENS) : 0,
  };
  return (target) => costOf(target.price, usage) ?? Number.MAX_VALUE;
}

/** How long this call's answer would take at a target by what was measured, and longer the more wait there (peak EWMA: Finagle's). */
function expectedMs(call: LlmCall, figures: TargetFigures): (target: Target) => number {
  const { stream } = call.message.view();
  const tokens = outputTokens(call);
  return (target) => {
    const { firstMs, tokenMs, wholeMs } = figures.speed(target.name);
    const streamed = firstMs === undefined ? undefined : firstMs + (tokenMs ?? 0) * tokens;
    const measured = stream ? (streamed ?? wholeMs) : (wholeMs ?? streamed);
    const waiting = figures.outstanding(target.name);
    const ms = measured ?? target.expectedLatencyMs;
    // one of which nothing is known is tried, by one call at a time
    if (ms === undefined) return waiting === 0 ? 0 : Number.MAX_VALUE;
    return ms * (waiting + 1);
  };
}

/**
 * - `cost`: the lowest price for this call
 * - `speed`: the lowest time to an answer, as measured where it was and as configured until then, with what is under way there
 * - `balanced`: the least under way over all replicas, for its weight; then the least used lately
 * - `weighted`: by chance, in proportion to the weights
 * - `priority`: the first
 *
 * A conversation with encrypted reasoning stays at its target, whatever the strategy.
 */
export function pick(
  strategy: Strategy,
  targets: readonly Target[],
  call: LlmCall,
  figures: TargetFigures,
  random: Random,
): Target {
  if (targets.length === 1) return targets[0] as Target;
  const conversation = strategy === 'priority' || strategy === 'cost' ? undefined : encryptedConversation(call);
  if (conversation !== undefined) return targetOfConversation(targets, conversation);
  switch (strategy) {
    case 'cost':
      return lowest(targets, price(call));
    case 'speed':
      return lowest(targets, expectedMs(call, figures));
    case 'balanced':
      return lowest(
        targets,
        (target) => figures.outstanding(target.name) / target.weight,
        (target) => figures.calls(target.name) / target.weight,
      );
    case 'weighted':
      return byWeight(targets, random);
    case 'priority':
      return targets[0] as Target;
  }
}
