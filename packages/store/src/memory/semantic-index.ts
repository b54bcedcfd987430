import type { Clock } from '@sluice/core';
import { LRUCache } from 'lru-cache';
import type { Neighbour, SemanticEntry, SemanticIndex, SemanticSpace } from '../ports/index.ts';

/** Maximum number of entries of a space: an exact scan of more of them takes longer than a millisecond. */
const MAX_ENTRIES = 2_000;
const MAX_SPACES = 1_000;

interface Kept {
  readonly entry: SemanticEntry;
  /** Of length 1. */
  readonly vector: Float32Array;
  right: number;
}

/** Questions of a single process, compared with each other one by one. */
export class MemorySemanticIndex implements SemanticIndex {
  readonly #clock: Clock;
  readonly #spaces = new LRUCache<string, LRUCache<string, Kept>>({ max: MAX_SPACES });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async unavailable(): Promise<string | undefined> {
    return undefined;
  }

  async nearest(space: SemanticSpace, vector: Float32Array, count: number): Promise<readonly Neighbour[]> {
    const wanted = unit(vector);
    const nowMs = this.#clock.now();
    const nearest: { readonly kept: Kept; readonly similarity: number }[] = [];
    for (const kept of this.#spaces.get(nameOf(space))?.values() ?? []) {
      if (kept.entry.expiresAtMs <= nowMs) continue;
      const similarity = product(wanted, kept.vector);
      if (nearest.length === count && similarity <= (nearest.at(-1)?.similarity ?? 0)) continue;
      const at = nearest.findIndex((one) => one.similarity < similarity);
      nearest.splice(at === -1 ? nearest.length : at, 0, { kept, similarity });
      if (nearest.length > count) nearest.pop();
    }
    return nearest.map(({ kept: { entry, right }, similarity }) => ({ ...entry, right, similarity }));
  }

  async add(space: SemanticSpace, vector: Float32Array, entry: SemanticEntry): Promise<void> {
    const entries = this.#spaces.get(nameOf(space)) ?? new LRUCache<string, Kept>({ max: MAX_ENTRIES });
    entries.set(entry.id, { entry, vector: unit(vector), right: entries.get(entry.id)?.right ?? 0 });
    this.#spaces.set(nameOf(space), entries);
  }

  async confirm(space: SemanticSpace, id: string): Promise<void> {
    const kept = this.#spaces.get(nameOf(space))?.get(id);
    if (kept !== undefined) kept.right++;
  }

  async remove(space: SemanticSpace, id: string): Promise<boolean> {
    return this.#spaces.get(nameOf(space))?.delete(id) === true;
  }
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}

/** Returns the product of two vectors of length 1: their cosine similarity. -1 for vectors of different dimensions. */
function product(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return -1;
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += (a[n] as number) * (b[n] as number);
  return sum;
}

const nameOf = ({ scope, namespace, model, context }: SemanticSpace): string => [scope, namespace, model, context].join('\n');
