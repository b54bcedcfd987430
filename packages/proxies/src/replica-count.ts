import type { Clock } from '@sluice/core';

/** Lifetime of a count, in ms, and the resolution of its expiry. */
const REMEMBERED_MS = 3_600_000;
const STEP_MS = 60_000;

/**
 * Records the number of replicas in the last hour.
 *
 * While the store is unavailable, this replica divides limits by the highest count: replicas that lost contact with the store
 * may still admit calls.
 */
export class ReplicaCount {
  readonly #clock: Clock;
  /** The highest count of each minute, oldest first. */
  #minutes: { readonly minute: number; count: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records the count of an exchange with the store. */
  seen(count: number): void {
    const minute = Math.floor(this.#clock.monotonic() / STEP_MS);
    const last = this.#minutes.at(-1);
    if (last?.minute === minute) last.count = Math.max(last.count, count);
    else this.#minutes.push({ minute, count });
    this.#minutes = this.#minutes.filter((one) => one.minute > minute - REMEMBERED_MS / STEP_MS);
  }

  /** Returns the highest count of the last hour with a response of the store. Undefined if the store has never responded. */
  highest(): number | undefined {
    return this.#minutes.length === 0 ? undefined : Math.max(...this.#minutes.map(({ count }) => count));
  }
}
