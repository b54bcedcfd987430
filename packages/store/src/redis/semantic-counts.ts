import {
  type BinChange,
  type BinCounts,
  type CountsOf,
  NO_COUNTS,
  type SemanticCounts,
  type SemanticState,
} from '../ports/index.ts';
import type { RedisClient } from './connections.ts';
import type { Wait } from './deadline.ts';
import type { KeyLayout } from './key-layout.ts';
import { Script } from './script.ts';

/** Lifetime of counts after the last label: longer than any pause of an application, in ms. */
const TTL_MS = 90 * 86_400_000;
const EDGES = 'edges';
const NAMES = Object.keys(NO_COUNTS) as (keyof BinCounts)[];

const COUNT = new Script('count-semantic');

/** Counts of right and wrong answers in one hash for each model and embedding model. */
export class RedisSemanticCounts implements SemanticCounts {
  readonly #client: RedisClient;
  readonly #layout: KeyLayout;
  readonly #wait: Wait;

  constructor(client: RedisClient, layout: KeyLayout, wait: Wait) {
    this.#client = client;
    this.#layout = layout;
    this.#wait = wait;
  }

  async read(of: CountsOf): Promise<SemanticState> {
    const fields = await this.#wait('semantic_counts', () => this.#client.hgetall(this.#layout.semanticCounts(of)));
    const bins: Record<number, BinCounts> = {};
    for (const [name, value] of Object.entries(fields)) {
      const [bin, count] = name.split(':');
      if (count === undefined) continue;
      bins[Number(bin)] = { ...(bins[Number(bin)] ?? NO_COUNTS), [count]: Number(value) };
    }
    const edges = fields[EDGES];
    return { edges: edges === undefined ? undefined : (JSON.parse(edges) as number[]), bins };
  }

  async add(of: CountsOf, bin: number, epoch: number, change: BinChange): Promise<BinCounts | undefined> {
    const amounts = Object.entries(change).flatMap(([name, amount]) => [name, amount ?? 0]);
    const counts = (await this.#run(of, bin, epoch, 'add', amounts)) as number[] | null;
    return counts === null ? undefined : (Object.fromEntries(NAMES.map((name, n) => [name, counts[n]])) as unknown as BinCounts);
  }

  async restart(of: CountsOf, bin: number, epoch: number, forgets: 'checks' | 'labels'): Promise<void> {
    await this.#run(of, bin, epoch, forgets, []);
  }

  async setEdges(of: CountsOf, edges: readonly number[]): Promise<void> {
    await this.#client.hsetnx(this.#layout.semanticCounts(of), EDGES, JSON.stringify(edges));
  }

  async reset(of: CountsOf): Promise<void> {
    await this.#client.del(this.#layout.semanticCounts(of));
  }

  #run(of: CountsOf, bin: number, epoch: number, action: string, amounts: readonly (string | number)[]): Promise<unknown> {
    return COUNT.run(this.#client, [this.#layout.semanticCounts(of)], [bin, epoch, action, TTL_MS, ...amounts]);
  }
}
