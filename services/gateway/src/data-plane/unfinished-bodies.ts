/** Counts the bytes of request bodies that are not complete, over the process. */
export class UnfinishedBodies {
  readonly #maxBytes: () => number;
  readonly #onFull: () => void;
  #bytes = 0;

  /**
   * @param maxBytes the bound, which may change with the configuration
   * @param onFull called for each body that is refused
   */
  constructor(maxBytes: () => number, onFull: () => void = () => {}) {
    this.#maxBytes = maxBytes;
    this.#onFull = onFull;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds the bytes of one chunk. Returns false, and adds nothing, where the sum would pass the bound. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes()) {
      this.#onFull();
      return false;
    }
    this.#bytes += bytes;
    return true;
  }

  /** Gives back what one body took, complete or not. */
  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}
