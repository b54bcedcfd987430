/** Tenants with Zipf-distributed calls: the n-th tenant calls 1/n^skew as often as the first. */
export class Tenants {
  readonly #upTo: Float64Array;

  constructor(count: number, skew: number) {
    this.#upTo = new Float64Array(count);
    let sum = 0;
    for (let n = 0; n < count; n++) {
      sum += 1 / (n + 1) ** skew;
      this.#upTo[n] = sum;
    }
    for (let n = 0; n < count; n++) this.#upTo[n] = (this.#upTo[n] as number) / sum;
  }

  get count(): number {
    return this.#upTo.length;
  }

  /** Returns this tenant's share of all calls. */
  share(n: number): number {
    return (this.#upTo[n] as number) - (n === 0 ? 0 : (this.#upTo[n - 1] as number));
  }

  /** @param at from 0 to 1 */
  pick(at: number): number {
    let [low, high] = [0, this.count - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#upTo[middle] as number) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export const nameOf = (tenant: number): string => `tenant-${tenant}`;
