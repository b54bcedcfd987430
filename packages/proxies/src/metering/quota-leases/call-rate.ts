/** Width of the spans in which calls are counted, in ms. */
const WIDTH_MS = 100;

/** Estimates the rate of calls from the current span of time and from the previous one. */
export class CallRate {
  #span = 0;
  #current = 0;
  #previous = 0;

  /** Counts a call. Returns the calls per second. */
  count(nowMs: number): number {
    const span = Math.floor(nowMs / WIDTH_MS);
    if (span !== this.#span) {
      this.#previous = span === this.#span + 1 ? this.#current : 0;
      this.#current = 0;
      this.#span = span;
    }
    this.#current++;
    const passed = nowMs / WIDTH_MS - span;
    return ((this.#previous * (1 - passed) + this.#current) * 1_000) / WIDTH_MS;
  }
}
