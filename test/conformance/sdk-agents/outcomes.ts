import type { StrictModel } from '../../support/strict-models.ts';

export const FEATURES = ['tools', 'reasoning and tools', 'structured output', 'images'] as const;
export type FeatureName = (typeof FEATURES)[number];

/** The fate of reasoning in a conversation. */
export interface ReasoningSeen {
  /** Whether the client showed the reasoning. */
  readonly shown: boolean;
  /** Whether the model received its own reasoning, or its signature, in a later request. */
  readonly returned: boolean;
}

/** The outcomes of a client's cells, by model and feature. */
export class Outcomes {
  readonly #cells = new Map<string, string[]>();

  /** Adds the outcome of a cell, once for a complete and once for a streamed response. */
  record(model: StrictModel, feature: FeatureName, outcome: string): void {
    const key = `${model} ${feature}`;
    this.#cells.set(key, [...(this.#cells.get(key) ?? []), outcome]);
  }

  /** Returns the outcome of a cell, or both outcomes if a complete and a streamed response differ. */
  of(model: StrictModel, feature: FeatureName): string {
    const both = this.#cells.get(`${model} ${feature}`) ?? [];
    if (both.length < 2) return 'failed';
    return [...new Set(both)].join('; streamed: ');
  }
}

/** @param dropped for each response, whether the gateway dropped the parameter for reasoning */
export function reasoningOutcome({ shown, returned }: ReasoningSeen, dropped: readonly boolean[]): string {
  if (dropped.every(Boolean)) return 'dropped';
  if (dropped.some(Boolean)) return 'before calls';
  if (shown) return returned ? 'shown, returned' : 'shown';
  return returned ? 'returned' : 'yes';
}
