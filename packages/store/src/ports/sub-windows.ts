import { subWindowsOf } from './meters.ts';

/**
 * A sliding window counted in sub-windows: a ring of counts, their sum, and the index of the newest. The ring has one slot more
 * than the window has sub-windows, because the oldest one counts as a whole. The same algorithm as
 * ../redis/scripts/include/sub-windows.lua.
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

  /** Returns the sum of the window at `nowMs`. A time before that of the last `add` counts as that time. */
  sumAt(nowMs: number): number {
    const index = this.#indexAt(nowMs);
    const ring = this.#counts.length;
    if (index - this.#newest >= ring) return 0;
    let sum = this.#sum;
    for (let i = this.#newest + 1; i <= index; i++) sum -= this.#counts[i % ring] as number;
    return sum;
  }

  /** Drops expired counts at `nowMs` and adds `amount`. Nothing else changes the window: a refusal leaves no trace. */
  add(nowMs: number, amount: number): void {
    const index = this.#indexAt(nowMs);
    const ring = this.#counts.length;
    for (let i = Math.max(this.#newest + 1, index - ring + 1); i <= index; i++) {
      this.#sum -= this.#counts[i % ring] as number;
      this.#counts[i % ring] = 0;
    }
    this.#newest = index;
    this.#counts[index % ring] = (this.#counts[index % ring] as number) + amount;
    this.#sum += amount;
  }

  /** Returns the index of the sub-window that counts an amount at `nowMs`. */
  indexAt(nowMs: number): number {
    return this.#indexAt(nowMs);
  }

  /** Returns the end of the sub-window that counts an amount at `nowMs`, in ms since the epoch. */
  currentEndsAtMs(nowMs: number): number {
    return (this.#indexAt(nowMs) + 1) * this.#widthMs;
  }

  /** Removes `amount` from the sub-window that counted it, if that is still in the window. */
  giveBack(nowMs: number, index: number, amount: number): void {
    const ring = this.#counts.length;
    if (index <= this.#indexAt(nowMs) - ring || index <= this.#newest - ring || index > this.#newest) return;
    const back = Math.min(this.#counts[index % ring] as number, amount);
    this.#counts[index % ring] = (this.#counts[index % ring] as number) - back;
    this.#sum -= back;
  }

  /** Returns the time after `nowMs` until another `amount` fits under `limit`, in ms. */
  fitsAfterMs(nowMs: number, amount: number, limit: number): number {
    const index = this.#indexAt(nowMs);
    const ring = this.#counts.length;
    let sum = this.sumAt(nowMs);
    for (let i = index - ring + 1; i <= this.#newest; i++) {
      sum -= this.#counts[((i % ring) + ring) % ring] as number;
      if (sum + amount <= limit) return Math.max(1, Math.ceil((i + ring) * this.#widthMs - nowMs));
    }
    return Math.ceil(ring * this.#widthMs);
  }

  /** Returns the time after `nowMs` until all counts have expired, in ms. */
  emptyAfterMs(nowMs: number): number {
    if (this.sumAt(nowMs) === 0) return 0;
    return Math.max(1, Math.ceil((this.#indexAt(nowMs) + this.#counts.length) * this.#widthMs - nowMs));
  }

  #indexAt(nowMs: number): number {
    return Math.max(this.#newest, Math.floor(nowMs / this.#widthMs));
  }
}
