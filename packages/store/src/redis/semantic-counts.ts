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
import { namesLike } from './names-like.ts';
import { Script } from './script.ts';

/** Lifetime of counts after the last label: longer than any pause of an application, in ms. */
const TTL_MS = 90 * 86_400_000;
const EDGES = 'edges';
/** The number of noted similarities, and the prefix of the number of each. */
const NOTED = 'noted/';
const STEPS = 1_000;
const NAMES = Object.keys(NO_COUNTS) as (keyof BinCounts)[];

const COUNT = new Script('count-semantic');

/** Counts of right and wrong answers in one hash for each model and embedding model. */
export class RedisSemanticCounts implements SemanticCounts {
  readonly #client: RedisClient;
  /** For writes: no call waits for them. */
  readonly #background: RedisClient;
  readonly #layout: KeyLayout;
  readonly #wait: Wait;

  constructor(client: RedisClient, background: RedisClient, layout: KeyLayout, wait: Wait) {
    this.#client = client;
    this.#background = background;
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

  async note(of: CountsOf, similarity: number, needed: number): Promise<readonly number[] | undefined> {
    const key = this.#layout.semanticCounts(of);
    const field = `${NOTED}${Math.round(similarity * STEPS)}`;
    const [noted] = await Promise.all([this.#background.hincrby(key, NOTED, 1), this.#background.hincrby(key, field, 1)]);
    await this.#background.pexpire(key, TTL_MS);
    if (noted < needed) return undefined;
    const fields = Object.entries(await this.#background.hgetall(key));
    return fields.flatMap(([name, count]) => {
      const steps = name.startsWith(NOTED) && name !== NOTED ? Number(name.slice(NOTED.length)) : Number.NaN;
      return Number.isNaN(steps) ? [] : Array.from({ length: Number(count) }, () => steps / STEPS);
    });
  }

  async setEdges(of: CountsOf, edges: readonly number[]): Promise<void> {
    await this.#background.hsetnx(this.#layout.semanticCounts(of), EDGES, JSON.stringify(edges));
  }

  async list(filter: Partial<CountsOf>): Promise<{ of: CountsOf; state: SemanticState }[]> {
    const found: { of: CountsOf; state: SemanticState }[] = [];
    for await (const names of namesLike(this.#background, this.#layout.allSemanticCounts(filter))) {
      const all = names.map((name) => this.#layout.readSemanticCounts(name)).filter((of) => of !== undefined);
      found.push(...(await Promise.all(all.map(async (of) => ({ of, state: await this.read(of) })))));
    }
    return found;
  }

  async reset(of: CountsOf): Promise<void> {
    await this.#background.del(this.#layout.semanticCounts(of));
  }

  #run(of: CountsOf, bin: number, epoch: number, action: string, amounts: readonly (string | number)[]): Promise<unknown> {
    return COUNT.run(this.#background, [this.#layout.semanticCounts(of)], [bin, epoch, action, TTL_MS, ...amounts]);
  }
}
