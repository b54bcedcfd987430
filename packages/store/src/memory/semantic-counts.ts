import {
  type BinChange,
  type BinCounts,
  type CountsOf,
  NO_COUNTS,
  type SemanticCounts,
  type SemanticState,
} from '../ports/index.ts';

interface Kept {
  readonly of: CountsOf;
  edges: readonly number[] | undefined;
  /** Similarities before there are edges. */
  readonly noted: number[];
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

  async note(of: CountsOf, similarity: number, needed: number): Promise<readonly number[] | undefined> {
    const { noted } = this.#of(of);
    noted.push(Math.round(similarity * 1_000) / 1_000);
    return noted.length < needed ? undefined : noted;
  }

  async setEdges(of: CountsOf, edges: readonly number[]): Promise<void> {
    const kept = this.#of(of);
    kept.edges ??= edges;
    kept.noted.length = 0;
  }

  async list(filter: Partial<CountsOf>): Promise<{ of: CountsOf; state: SemanticState }[]> {
    const all = [...this.#kept.values()].map(({ of, edges, bins }) => ({ of, state: { edges, bins: { ...bins } } }));
    return all.filter(({ of }) => PARTS.every((part) => filter[part] === undefined || filter[part] === of[part]));
  }

  async reset(of: CountsOf): Promise<void> {
    this.#kept.delete(nameOf(of));
  }

  #of(of: CountsOf): Kept {
    const name = nameOf(of);
    const kept = this.#kept.get(name) ?? { of, edges: undefined, noted: [], bins: {} };
    this.#kept.set(name, kept);
    return kept;
  }
}

const PARTS = ['scope', 'namespace', 'model', 'embeddings'] as const;

const nameOf = ({ scope, namespace, model, embeddings }: CountsOf): string => [scope, namespace, model, embeddings].join('\n');
