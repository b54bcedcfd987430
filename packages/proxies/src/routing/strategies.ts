import type { LlmCall, Random, Strategy, Usage } from '@sluice/core';
import { costOf } from '@sluice/pricing';
import { encryptedConversation, targetOfConversation } from './encrypted-state.ts';
import type { Target } from './model.ts';
import type { Speed } from './shared-loads.ts';

/** Figures of targets over all replicas: the last shared state plus this replica's own changes since then. */
export interface TargetFigures {
  /** Recent calls to the target. */
  calls(target: string): number;
  /** Calls in flight at the target. */
  outstanding(target: string): number;
  speed(target: string): Speed;
}

/** Output tokens that are assumed if the request sets no limit, for comparing targets. */
const TYPICAL_OUTPUT_TOKENS = 256;
const BYTES_PER_TOKEN = 4;

/** Returns the first target with the lowest score. Later scores break ties. */
function lowest(targets: readonly Target[], ...scores: readonly ((target: Target) => number)[]): Target {
  let best = targets;
  for (const score of scores) {
    let least = Number.POSITIVE_INFINITY;
    let ties: Target[] = [];
    for (const target of best) {
      const value = score(target);
      if (value < least) {
        least = value;
        ties = [target];
      } else if (value === least) ties.push(target);
    }
    best = ties;
    if (best.length === 1) break;
  }
  return best[0] as Target;
}

function byWeight(targets: readonly Target[], random: Random): Target {
  const total = targets.reduce((sum, target) => sum + target.weight, 0);
  let remaining = random.next() * total;
  for (const target of targets) {
    remaining -= target.weight;
    if (remaining < 0) return target;
  }
  return targets[targets.length - 1] as Target;
}

/** Returns the assumed output tokens: the request's own limit if it is below the typical length. */
function outputTokens(call: LlmCall): number {
  return Math.min(call.message.view().maxOutputTokens ?? TYPICAL_OUTPUT_TOKENS, TYPICAL_OUTPUT_TOKENS);
}

/** Returns this call's price at a target. A target without a known price sorts last. */
function price(call: LlmCall): (target: Target) => number {
  const { maxOutputTokens } = call.message.view();
  const answers = call.operation === 'chat' || call.operation === 'completions';
  // a rough count is enough: it is the same for all targets, and only prices are compared
  const usage: Usage = {
    inputTokens: Math.ceil(call.message.bytes.length / BYTES_PER_TOKEN),
    outputTokens: answers ? (maxOutputTokens ?? TYPICAL_OUTPUT_TOKENS) : 0,
  };
  return (target) => costOf(target.price, usage) ?? Number.MAX_VALUE;
}

/**
 * Returns the expected duration of this call at a target: the measured latency times the calls in flight (peak EWMA, as in
 * Finagle).
 */
function expectedMs(call: LlmCall, figures: TargetFigures): (target: Target) => number {
  const { stream } = call.message.view();
  const tokens = outputTokens(call);
  return (target) => {
    const { firstMs, tokenMs, wholeMs } = figures.speed(target.name);
    const streamed = firstMs === undefined ? undefined : firstMs + (tokenMs ?? 0) * tokens;
    const measured = stream ? (streamed ?? wholeMs) : (wholeMs ?? streamed);
    const waiting = figures.outstanding(target.name);
    const ms = measured ?? target.expectedLatencyMs;
    // a target without measurements is tried by one call at a time
    if (ms === undefined) return waiting === 0 ? 0 : Number.MAX_VALUE;
    return ms * (waiting + 1);
  };
}

/**
 * Picks a target by strategy.
 *
 * - `cost`: the lowest price for this call
 * - `speed`: the lowest expected latency, weighted by the calls in flight; measured if possible, configured otherwise
 * - `balanced`: the fewest calls in flight over all replicas, relative to its weight; then the fewest recent calls
 * - `weighted`: random, in proportion to the weights
 * - `priority`: the first
 *
 * With `speed`, `balanced` and `weighted`, a conversation with encrypted reasoning stays at its target.
 */
export function select(
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
