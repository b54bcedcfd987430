import type { Clock } from '@sluice/core';
import { GRACE_MS } from './deadlines.ts';

/** How often this process looks at the clock, in ms. */
const LOOK_MS = 250;
/** It has slept where it was kept from looking for so long, in ms. */
const SLEPT_MS = 1_000;
/** For so long after it, in ms, a deadline that has passed says nothing of the provider: the grace of a deadline, and as long again for late timers. */
const REMEMBERED_MS = 2 * GRACE_MS + 1_000;

/**
 * Notices that this process has slept: stopped, suspended, or kept from the processor by a quota.
 *
 * All deadlines of calls in flight have passed at once then, and no answer could be received meanwhile.
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

  /** Looks at the clock. */
  look(): void {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#lookedMs > SLEPT_MS) this.#sleptMs = nowMs;
    this.#lookedMs = nowMs;
  }

  /** Whether this process has slept within the last five seconds. */
  slept(): boolean {
    // a deadline's timer may run before the one that looks
    if (this.#timer !== undefined) this.look();
    return this.#sleptMs !== undefined && this.#clock.monotonic() - this.#sleptMs < REMEMBERED_MS;
  }
}
