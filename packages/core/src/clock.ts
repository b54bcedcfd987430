/** Where time comes from, so that a test can move it instead of waiting. */
export interface Clock {
  /** Wall-clock time, in milliseconds since the epoch. */
  now(): number;
  /** A reading that never goes back, in milliseconds; only differences mean anything. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** A clock that stands still until it is told to move. */
export class ManualClock implements Clock {
  #nowMs: number;
  #monotonicMs = 0;

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  /** Moves both readings on by `ms`. */
  advance(ms: number): void {
    this.#nowMs += ms;
    this.#monotonicMs += ms;
  }

  /** Sets the wall clock alone, as an administrator or a failover does; it may go back. */
  set(nowMs: number): void {
    this.#nowMs = nowMs;
  }
}
