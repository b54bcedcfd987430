import type { Failure } from '@sluice/core';
import type { Model, Target } from './model.ts';

/** The largest context of a model's targets, in tokens; undefined where one of them is not known. */
function contextOf({ targets }: Model): number | undefined {
  const sizes = targets.map(({ contextTokens }) => contextTokens);
  return sizes.includes(undefined) ? undefined : Math.max(...sizes.map((size) => size ?? 0));
}

/** Whether a prompt that is too long for one model may fit another: where both sizes are known, only a larger one. */
export function hasMoreContext(candidate: Model, than: Model): boolean {
  const [size, other] = [contextOf(candidate), contextOf(than)];
  return size === undefined || other === undefined || size > other;
}

/**
 * The targets of a model that need not be asked because another one of it found the prompt too long: all that are not known to have room for more, and where
 * the configuration wants them asked (`fallbackOn`), those that are known to have no more.
 */
export function tooSmall(
  { targets, fallbackOn }: Model,
  failed: ReadonlyMap<Target, { readonly failure: Failure }>,
): readonly Target[] {
  const tooLong = [...failed].filter(([, { failure }]) => failure.kind === 'context_length');
  if (tooLong.length === 0) return [];
  const needed = Math.max(...tooLong.map(([{ contextTokens = 0 }]) => contextTokens));
  const asksUnknown = fallbackOn?.includes('context_length') === true;
  return targets.filter(({ contextTokens }) => {
    if (contextTokens === undefined || needed === 0) return !asksUnknown;
    return contextTokens <= needed;
  });
}
