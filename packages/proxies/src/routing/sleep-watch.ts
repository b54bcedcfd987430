import type { Clock } from '@sluice/core';
import { GRACE_MS } from './deadlines.ts';

/** Interval between two checks of the clock, in ms. */
const LOOK_MS = 250;
/** Minimum gap between two checks that counts as a suspension, in ms. */
const SLEPT_MS = 1_000;
/**
 * How long after a suspension a passed deadline is no evidence against a provider, in ms: the grace of a deadline, and the same
 * again for late timers.
 */
const REMEMBERED_MS = 2 * GRACE_MS + 1_000;

/**
 * Detects that this process was suspended: stopped, put to sleep, or throttled by a CPU quota.
 *
 * All deadlines of calls in flight have then passed at once, and no response could be received in the meantime.
 */
export class SleepWatch {
  readonly #clock: Clock;
  #lookedMs: number;
  #sleptMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lookedMs = clock.monotonic();
  }

  start(): void {
    this.#lookedMs = this.#clock.monotonic();
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Checks the clock. */
  look(): void {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#lookedMs > SLEPT_MS) this.#sleptMs = nowMs;
    this.#lookedMs = nowMs;
  }

  /** Returns whether this process was suspended within the last five seconds. */
  slept(): boolean {
    // a deadline's timer may run before the timer of this watch
    if (this.#timer !== undefined) this.look();
    return this.#sleptMs !== undefined && this.#clock.monotonic() - this.#sleptMs < REMEMBERED_MS;
  }
}
