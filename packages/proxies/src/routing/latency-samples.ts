const SIZE = 128;
/** Minimum number of samples for a quantile: fewer cannot show one in twenty. */
const LEAST = 20;

/** The most recent latencies, for quantiles. */
export class LatencySamples {
  readonly #samples: number[] = [];
  #next = 0;
  #sorted: readonly number[] | undefined;

  add(ms: number): void {
    this.#samples[this.#next] = ms;
    this.#next = (this.#next + 1) % SIZE;
    this.#sorted = undefined;
  }

  /** Returns the latency that this share of samples does not exceed. Undefined with too few samples. */
  quantile(share: number): number | undefined {
    if (this.#samples.length < LEAST) return undefined;
    this.#sorted ??= [...this.#samples].sort((a, b) => a - b);
    return this.#sorted[Math.min(this.#sorted.length - 1, Math.ceil(share * this.#sorted.length) - 1)];
  }
}
