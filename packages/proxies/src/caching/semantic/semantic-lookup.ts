import type { CountsOf, Neighbour, SemanticSpace } from '@sluice/store/ports';

/** A question that could serve another one. */
export interface Candidate {
  readonly neighbour: Neighbour;
  readonly bin: number;
  readonly epoch: number;
  /** `learn`: the bin or the entry is not certified. `explore`: it is, and its answer is checked. */
  readonly decision: 'serve' | 'learn' | 'explore';
  /** Whether its answer will be compared with the right one. */
  readonly isLabelled: boolean;
}

/** What the index knows about a question. */
export interface SemanticLookup {
  readonly space: SemanticSpace;
  readonly countsOf: CountsOf;
  readonly vector: Float32Array;
  readonly id: string;
  readonly question: string;
  readonly candidate: Candidate | undefined;
}
