const SIZE = 128;
/** Fewer say nothing about a share of one in twenty. */
const LEAST = 20;

/** The last so many latencies, for a quantile of them. */
export class LatencySamples {
  readonly #samples: number[] = [];
  #next = 0;
  #sorted: readonly number[] | undefined;

  add(ms: number): void {
    this.#samples[this.#next] = ms;
    this.#next = (this.#next + 1) % SIZE;
    this.#sorted = undefined;
  }

  /** What this share of them does not pass; undefined where there are too few. */
  quantile(share: number): number | undefined {
    if (this.#samples.length < LEAST) return undefined;
    this.#sorted ??= [...this.#samples].sort((a, b) => a - b);
    return this.#sorted[Math.min(this.#sorted.length - 1, Math.ceil(share * this.#sorted.length) - 1)];
  }
}
