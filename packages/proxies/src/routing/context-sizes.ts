import type { Failure } from '@sluice/core';
import type { Model, Target } from './model.ts';

const NONE: readonly Target[] = [];

/** Returns the largest context of a model's targets, in tokens. Undefined if any of them is unknown. */
function contextOf({ targets }: Model): number | undefined {
  const sizes = targets.map(({ contextTokens }) => contextTokens);
  return sizes.includes(undefined) ? undefined : Math.max(...sizes.map((size) => size ?? 0));
}

/**
 * Returns whether a prompt that is too long for one model may fit another. If both sizes are known, the other must be larger.
 */
export function hasMoreContext(candidate: Model, than: Model): boolean {
  const [size, other] = [contextOf(candidate), contextOf(than)];
  return size === undefined || other === undefined || size > other;
}

/**
 * Returns the targets of a model to skip, because another of its targets found the prompt too long. By default it skips all
 * targets without a known larger context. If `fallbackOn` contains `context_length`, it skips only targets with a known size
 * that is not larger.
 */
export function tooSmall(
  { targets, fallbackOn }: Model,
  failed: ReadonlyMap<Target, { readonly failure: Failure }>,
): readonly Target[] {
  if (failed.size === 0) return NONE;
  const tooLong = [...failed].filter(([, { failure }]) => failure.kind === 'context_length');
  if (tooLong.length === 0) return NONE;
  const needed = Math.max(...tooLong.map(([{ contextTokens = 0 }]) => contextTokens));
  const asksUnknown = fallbackOn?.includes('context_length') === true;
  return targets.filter(({ contextTokens }) => {
    if (contextTokens === undefined || needed === 0) return !asksUnknown;
    return contextTokens <= needed;
  });
}
