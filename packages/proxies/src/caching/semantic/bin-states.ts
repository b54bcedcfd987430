import type { Clock } from '@sluice/core';
import type { CountsOf, SemanticCounts, SemanticState } from '@sluice/store/ports';
import { LRUCache } from 'lru-cache';
import { CANDIDATES_FOR_EDGES, edgesOf } from './bins.ts';

/** How long this replica uses counts that it has read, in ms: a revoked bin serves at most so long. */
const KNOWN_MS = 1_000;
const MAX_MODELS = 1_000;

interface Known {
  readonly state: Promise<SemanticState>;
  readonly atMs: number;
}

/** The counts of all bins as this replica knows them. */
export class BinStates {
  readonly #counts: SemanticCounts;
  readonly #clock: Clock;
  readonly #known = new LRUCache<string, Known>({ max: MAX_MODELS });

  constructor(counts: SemanticCounts, clock: Clock) {
    this.#counts = counts;
    this.#clock = clock;
  }

  /** Returns counts that are at most a second old. */
  async read(of: CountsOf): Promise<SemanticState> {
    const name = nameOf(of);
    const known = this.#known.get(name);
    const nowMs = this.#clock.monotonic();
    if (known !== undefined && nowMs - known.atMs < KNOWN_MS) return known.state;
    const state = this.#counts.read(of);
    this.#known.set(name, { state, atMs: nowMs });
    state.catch(() => this.#known.delete(name));
    return state;
  }

  /** Reads the counts again for the next call. */
  forget(of: CountsOf): void {
    this.#known.delete(nameOf(of));
  }

  /** Notes the similarity of a candidate while there are no edges. Sets the edges after enough of them. */
  async note(of: CountsOf, similarity: number): Promise<void> {
    const similarities = await this.#counts.note(of, similarity, CANDIDATES_FOR_EDGES);
    if (similarities === undefined) return;
    await this.#counts.setEdges(of, edgesOf(similarities));
    this.forget(of);
  }
}

const nameOf = ({ scope, namespace, model, embeddings }: CountsOf): string => [scope, namespace, model, embeddings].join('\n');
