/** When a target is no longer asked. */
export interface BreakerLimits {
  /** So many failures one after the other, */
  readonly consecutive: number;
  /** or more than this share of the calls of a window, 0 to 1, */
  readonly share: number;
  /** where there were so many at least. */
  readonly minimum: number;
  readonly windowMs: number;
}

const SLICES = 10;

interface Slice {
  index: number;
  calls: number;
  failures: number;
}

/**
 * How a target has done lately. (cockatiel's `SamplingBreaker` has the same limits; but it drops what is old only as new calls come, one slice a call, so
 * that failures of an hour ago can open it, and it goes by the wall clock.)
 */
export class FailureWindow {
  readonly #slices: Slice[] = Array.from({ length: SLICES }, () => ({ index: -1, calls: 0, failures: 0 }));
  #inARow = 0;

  succeeded({ windowMs }: BreakerLimits, nowMs: number): void {
    this.#inARow = 0;
    this.#slice(windowMs, nowMs).calls++;
  }

  /** Whether this is one failure too many. */
  failed(limits: BreakerLimits, nowMs: number): boolean {
    this.#inARow++;
    const slice = this.#slice(limits.windowMs, nowMs);
    slice.calls++;
    slice.failures++;
    if (this.#inARow >= limits.consecutive) return true;
    let calls = 0;
    let failures = 0;
    for (const one of this.#slices) {
      if (one.index <= slice.index - SLICES) continue;
      calls += one.calls;
      failures += one.failures;
    }
    return calls >= limits.minimum && failures > limits.share * calls;
  }

  #slice(windowMs: number, nowMs: number): Slice {
    const index = Math.floor((nowMs * SLICES) / windowMs);
    const at = index % SLICES;
    const known = this.#slices[at] as Slice;
    if (known.index === index) return known;
    const begun = { index, calls: 0, failures: 0 };
    this.#slices[at] = begun;
    return begun;
  }
}
