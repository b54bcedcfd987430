/** So many streams are read to their end at one time that nobody listens to any more, */
const MAX_STREAMS = 32;
/** and each of them for so long. */
const MAX_MS = 60_000;

/**
 * Streams whose clients have left, and which are read to their end all the same: their provider bills all of it whether anybody listens or not, and says
 * only at the end what that comes to.
 */
export class LeftStreams {
  #reading = 0;

  /** @param stop ends one that takes too long. Returns what to call at its end; undefined where there are too many already. */
  readOn(stop: () => void): (() => void) | undefined {
    if (this.#reading >= MAX_STREAMS) return undefined;
    this.#reading++;
    const timer = setTimeout(stop, MAX_MS).unref();
    return () => {
      clearTimeout(timer);
      this.#reading--;
    };
  }
}
