import {
  type BinChange,
  type BinCounts,
  type CountsOf,
  NO_COUNTS,
  type SemanticCounts,
  type SemanticState,
} from '../ports/index.ts';

interface Kept {
  edges: readonly number[] | undefined;
  bins: Record<number, BinCounts>;
}

/** The counts of a single process. */
export class MemorySemanticCounts implements SemanticCounts {
  readonly #kept = new Map<string, Kept>();

  async read(of: CountsOf): Promise<SemanticState> {
    const { edges, bins } = this.#of(of);
    return { edges, bins: { ...bins } };
  }

  async add(of: CountsOf, bin: number, epoch: number, change: BinChange): Promise<BinCounts | undefined> {
    const { bins } = this.#of(of);
    const counts = bins[bin] ?? NO_COUNTS;
    if (counts.epoch !== epoch) return undefined;
    const next = { ...counts };
    for (const [name, amount] of Object.entries(change)) next[name as keyof BinChange] += amount ?? 0;
    bins[bin] = next;
    return next;
  }

  async restart(of: CountsOf, bin: number, epoch: number, forgets: 'checks' | 'labels'): Promise<void> {
    const { bins } = this.#of(of);
    const counts = bins[bin] ?? NO_COUNTS;
    if (counts.epoch !== epoch) return;
    const without = { ...counts, checks: 0, checkErrors: 0 };
    bins[bin] = forgets === 'checks' ? without : { ...NO_COUNTS, epoch: epoch + 1 };
  }

  async setEdges(of: CountsOf, edges: readonly number[]): Promise<void> {
    this.#of(of).edges ??= edges;
  }

  async reset(of: CountsOf): Promise<void> {
    this.#kept.delete(nameOf(of));
  }

  #of(of: CountsOf): Kept {
    const name = nameOf(of);
    const kept = this.#kept.get(name) ?? { edges: undefined, bins: {} };
    this.#kept.set(name, kept);
    return kept;
  }
}

const nameOf = ({ scope, namespace, model, embeddings }: CountsOf): string => [scope, namespace, model, embeddings].join('\n');
