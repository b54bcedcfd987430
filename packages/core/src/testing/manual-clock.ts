import type { Clock } from '../clock.ts';

/** A clock that moves only when a test advances it. */
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

  /** Advances both readings by `ms`. */
  advance(ms: number): void {
    this.#nowMs += ms;
    this.#monotonicMs += ms;
  }

  /** Sets only the wall clock, as an administrator or a failover does. It may go backwards. */
  set(nowMs: number): void {
    this.#nowMs = nowMs;
  }
}
