/** Maximum number of concurrent drained streams, */
const MAX_STREAMS = 32;
/** and the time limit of each. */
const MAX_MS = 60_000;

/**
 * Drains streams after their clients have disconnected, for providers that bill the complete stream and report its usage only
 * at the end.
 */
export class DrainPool {
  #reading = 0;

  /** @param stop called at the time limit. Returns a release function, or undefined if the drain limit is reached. */
  drain(stop: () => void): (() => void) | undefined {
    if (this.#reading >= MAX_STREAMS) return undefined;
    this.#reading++;
    const timer = setTimeout(stop, MAX_MS).unref();
    return () => {
      clearTimeout(timer);
      this.#reading--;
    };
  }
}
