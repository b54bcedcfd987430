import { subWindowsOf } from '../ports/index.ts';

/**
 * A sliding window counted in sub-windows, the same as redis/scripts/include/sub-windows.lua does it: a ring of counts, their sum, and
 * the index of the newest. The ring has one place more than a window has sub-windows, because the oldest one counts as a whole.
 */
export class SubWindows {
  readonly #counts: number[];
  readonly #widthMs: number;
  #newest = 0;
  #sum = 0;

  constructor(windowMs: number) {
    const subWindows = subWindowsOf(windowMs);
    this.#widthMs = windowMs / subWindows;
    this.#counts = new Array<number>(subWindows + 1).fill(0);
  }

  /** Drops what has left the window at `nowMs` and gives what is still in it. An earlier time than seen before changes nothing. */
  sumAt(nowMs: number): number {
    const index = Math.floor(nowMs / this.#widthMs);
    const ring = this.#counts.length;
    for (let i = Math.max(this.#newest + 1, index - ring + 1); i <= index; i++) {
      this.#sum -= this.#counts[i % ring] as number;
      this.#counts[i % ring] = 0;
    }
    if (index > this.#newest) this.#newest = index;
    return this.#sum;
  }

  /** Counts `amount` in the newest sub-window; after `sumAt`. */
  add(amount: number): void {
    const place = this.#newest % this.#counts.length;
    this.#counts[place] = (this.#counts[place] as number) + amount;
    this.#sum += amount;
  }

  /** How long after `nowMs` `amount` more would fit under `limit`. */
  fitsAfterMs(nowMs: number, amount: number, limit: number): number {
    const ring = this.#counts.length;
    let sum = this.#sum;
    for (let i = this.#newest - ring + 1; i <= this.#newest; i++) {
      sum -= this.#counts[((i % ring) + ring) % ring] as number;
      if (sum + amount <= limit) return Math.max(1, Math.ceil((i + ring) * this.#widthMs - nowMs));
    }
    return Math.ceil(ring * this.#widthMs);
  }

  /** How long after `nowMs` everything counted so far will have left. */
  emptyAfterMs(nowMs: number): number {
    if (this.#sum === 0) return 0;
    return Math.max(1, Math.ceil((this.#newest + this.#counts.length) * this.#widthMs - nowMs));
  }
}
