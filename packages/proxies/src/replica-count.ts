import type { Clock } from '@sluice/core';

/** How long a count is remembered, in ms, and in which steps it is forgotten. */
const REMEMBERED_MS = 3_600_000;
const STEP_MS = 60_000;

/**
 * Remembers how many replicas there were in the last hour.
 *
 * The highest count is what this replica shares limits by while the store is unavailable: replicas that it has lost sight of may still admit calls.
 */
export class ReplicaCount {
  readonly #clock: Clock;
  /** The highest count of each minute, oldest first. */
  #minutes: { readonly minute: number; count: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes the count of an exchange with the store. */
  seen(count: number): void {
    const minute = Math.floor(this.#clock.monotonic() / STEP_MS);
    const last = this.#minutes.at(-1);
    if (last?.minute === minute) last.count = Math.max(last.count, count);
    else this.#minutes.push({ minute, count });
    this.#minutes = this.#minutes.filter((one) => one.minute > minute - REMEMBERED_MS / STEP_MS);
  }

  /** The highest count of the last hour in which the store answered; undefined where it never has. */
  highest(): number | undefined {
    return this.#minutes.length === 0 ? undefined : Math.max(...this.#minutes.map(({ count }) => count));
  }
}
