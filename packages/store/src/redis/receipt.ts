import { LONG_CALL_MS } from '../ports/index.ts';

/**
 * Proves that a replica received the response to a reservation. It names the creation of the hash that contains the replica's calls
 * in flight: if the same hash no longer has the call, the call has been settled.
 */
export class Receipt {
  readonly since: number;
  /** On the monotonic clock, in ms. */
  readonly #receivedAtMs: number;

  constructor(since: number, receivedAtMs: number) {
    this.since = since;
    this.#receivedAtMs = receivedAtMs;
  }

  /** Returns whether another replica may have to settle the call. */
  get isLong(): boolean {
    return performance.now() - this.#receivedAtMs >= LONG_CALL_MS;
  }
}
