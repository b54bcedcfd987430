/** Maximum number of concurrent drained streams. */
const MAX_STREAMS = 32;
/** Time limit of each drained stream. */
const MAX_MS = 60_000;

/**
 * Drains streams after their clients have disconnected, for providers that bill the complete stream and report its usage only
 * at the end.
 */
export class DrainPool {
  #reading = 0;

  /**
   * Adds a stream.
   *
   * @param stop called at the time limit
   * @returns a release function, or undefined if the pool is full
   */
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
