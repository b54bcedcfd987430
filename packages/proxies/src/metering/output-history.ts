import { LRUCache } from 'lru-cache';
import { LatencySamples } from '../targets/latency-samples.ts';

/** Keys and models of which answers are remembered. */
const MAX_HISTORIES = 10_000;
/** One answer in a hundred is longer than what is reserved. */
const SHARE = 0.99;

/** Remembers how many tokens the last answers of each key and model had, in this replica. */
export class OutputHistory {
  readonly #samples = new LRUCache<string, LatencySamples>({ max: MAX_HISTORIES });

  /** @param tokens of one choice */
  note(tenant: string, key: string, model: string, tokens: number): void {
    const name = nameOf(tenant, key, model);
    let samples = this.#samples.get(name);
    if (samples === undefined) {
      samples = new LatencySamples();
      this.#samples.set(name, samples);
    }
    samples.add(tokens);
  }

  /** The 99th percentile of the last answers, in tokens; undefined before there are 20. */
  likely(tenant: string, key: string, model: string): number | undefined {
    return this.#samples.get(nameOf(tenant, key, model))?.quantile(SHARE);
  }
}

const nameOf = (tenant: string, key: string, model: string): string => `${tenant}\n${key}\n${model}`;
