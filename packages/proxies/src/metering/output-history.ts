import { LRUCache } from 'lru-cache';
import { LatencySamples } from '../routing/latency-samples.ts';

/** Maximum number of keys and models with recorded response lengths. */
const MAX_HISTORIES = 10_000;
/** One response in a hundred is longer than its reservation. */
const SHARE = 0.99;

/** Records the output tokens of the latest responses for each key and model, in this replica. */
export class OutputHistory {
  readonly #samples = new LRUCache<string, LatencySamples>({ max: MAX_HISTORIES });

  /** @param tokens of a choice */
  note(tenant: string, key: string, model: string, tokens: number): void {
    const name = nameOf(tenant, key, model);
    let samples = this.#samples.get(name);
    if (samples === undefined) {
      samples = new LatencySamples();
      this.#samples.set(name, samples);
    }
    samples.add(tokens);
  }

  /** Returns the 99th percentile of the latest responses, in tokens. Undefined with fewer than 20 responses. */
  likely(tenant: string, key: string, model: string): number | undefined {
    return this.#samples.get(nameOf(tenant, key, model))?.quantile(SHARE);
  }
}

const nameOf = (tenant: string, key: string, model: string): string => `${tenant}\n${key}\n${model}`;
