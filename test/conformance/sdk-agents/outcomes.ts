import type { StrictModel } from '../../support/strict-models.ts';

export const FEATURES = ['tools', 'reasoning and tools', 'structured output', 'images'] as const;
export type FeatureName = (typeof FEATURES)[number];

/** What became of reasoning in a conversation. */
export interface ReasoningSeen {
  /** The client showed it. */
  readonly shown: boolean;
  /** The model got its own reasoning, or its signature, back in a later request. */
  readonly returned: boolean;
}

/** What the cells of one client did, by model and feature. */
export class Outcomes {
  readonly #cells = new Map<string, string[]>();

  /** Adds the outcome of a cell, once for a whole and once for a streamed answer. */
  record(model: StrictModel, feature: FeatureName, outcome: string): void {
    const key = `${model} ${feature}`;
    this.#cells.set(key, [...(this.#cells.get(key) ?? []), outcome]);
  }

  /** Returns the outcome of a cell; both where a whole and a streamed answer differ. */
  of(model: StrictModel, feature: FeatureName): string {
    const both = this.#cells.get(`${model} ${feature}`) ?? [];
    if (both.length < 2) return 'failed';
    return [...new Set(both)].join('; streamed: ');
  }
}

/** @param dropped for each answer, whether the gateway left the request to reason away */
export function reasoningOutcome({ shown, returned }: ReasoningSeen, dropped: readonly boolean[]): string {
  if (dropped.every(Boolean)) return 'dropped';
  if (dropped.some(Boolean)) return 'before calls';
  if (shown) return returned ? 'shown, returned' : 'shown';
  return returned ? 'returned' : 'yes';
}
