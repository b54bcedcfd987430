import type { CacheKey } from './cache.ts';

/** The answers that are counted together. */
export interface CountsOf extends Pick<CacheKey, 'scope' | 'namespace' | 'model'> {
  /** Identifies the embedding model. */
  readonly embeddings: string;
}

/** The labels of one bin: candidates of similar similarity. */
export interface BinCounts {
  /** Increases each time the bin starts over, so that a late label of an earlier time is not counted. */
  readonly epoch: number;
  /** Labels before certification, and how many of them were wrong. */
  readonly labels: number;
  readonly errors: number;
  /** Labels of explored answers since certification, and how many of them were wrong. */
  readonly checks: number;
  readonly checkErrors: number;
  /** Answers of this epoch that were served. */
  readonly served: number;
}

export interface SemanticState {
  /** The lower edges of the similarity of all bins but the last, the highest first. Undefined until enough is known. */
  readonly edges: readonly number[] | undefined;
  /** By number of the bin. A bin without labels is missing. */
  readonly bins: Readonly<Record<number, BinCounts>>;
}

/** What is added to a bin. */
export type BinChange = Partial<Omit<BinCounts, 'epoch'>>;

/** Counts of right and wrong answers, over all replicas. */
export interface SemanticCounts {
  read(of: CountsOf): Promise<SemanticState>;
  /** Adds to a bin. Returns its counts; undefined if the bin has another epoch, and nothing was added. */
  add(of: CountsOf, bin: number, epoch: number, change: BinChange): Promise<BinCounts | undefined>;
  /**
   * Sets counts to 0, if the bin has this epoch. The next epoch begins if the labels are forgotten.
   *
   * @param forgets `checks` for those since certification, `labels` for all
   */
  restart(of: CountsOf, bin: number, epoch: number, forgets: 'checks' | 'labels'): Promise<void>;
  /**
   * Notes the similarity of a candidate, from which the edges are made.
   *
   * @param needed number of similarities that edges need
   * @returns the noted similarities of all replicas, to a thousandth; undefined while there are fewer than needed
   */
  note(of: CountsOf, similarity: number, needed: number): Promise<readonly number[] | undefined>;
  /** Sets the edges, unless another replica has set them. */
  setEdges(of: CountsOf, edges: readonly number[]): Promise<void>;
  /** Returns the counts of all models that match. It scans the whole store: for an administrator, not for a call. */
  list(filter: Partial<CountsOf>): Promise<readonly { readonly of: CountsOf; readonly state: SemanticState }[]>;
  /** Forgets everything of a model's answers. */
  reset(of: CountsOf): Promise<void>;
}

export const NO_COUNTS: BinCounts = { epoch: 0, labels: 0, errors: 0, checks: 0, checkErrors: 0, served: 0 };
