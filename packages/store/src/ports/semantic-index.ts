import type { CacheKey } from './cache.ts';

/**
 * Where questions are compared with each other: everything but their text is equal.
 *
 * The index of a space has one embedding model; vectors of different models are not comparable.
 */
export interface SemanticSpace extends Pick<CacheKey, 'scope' | 'namespace' | 'model'> {
  /** Digest of the request without its question, and of the embedding model. */
  readonly context: string;
}

/** A question whose response is in the cache. */
export interface SemanticEntry {
  /** Equal for equal questions, so that none is twice in a space. */
  readonly id: string;
  /** The digest of the response's cache entry. */
  readonly digest: string;
  readonly question: string;
  readonly expiresAtMs: number;
}

/** An entry with its distance from a question. */
export interface Neighbour extends SemanticEntry {
  /** Cosine similarity of the two questions: -1 to 1. */
  readonly similarity: number;
  /** How often its response was compared with the right one and equal to it. */
  readonly right: number;
}

/** Questions by their meaning. */
export interface SemanticIndex {
  /** Returns why the index cannot be used; undefined if it can. */
  unavailable(): Promise<string | undefined>;
  /** Returns the entries that are most similar to a question, the most similar first. */
  nearest(space: SemanticSpace, vector: Float32Array, count: number): Promise<readonly Neighbour[]>;
  /** Stores a question until it expires. An entry with the same id is replaced and keeps its labels. */
  add(space: SemanticSpace, vector: Float32Array, entry: SemanticEntry): Promise<void>;
  /** Counts that the response of an entry was right. Has no effect if the entry has expired. */
  confirm(space: SemanticSpace, id: string): Promise<void>;
  /** Removes an entry: its response was wrong, or has been removed. Returns whether it existed. */
  remove(space: SemanticSpace, id: string): Promise<boolean>;
}
