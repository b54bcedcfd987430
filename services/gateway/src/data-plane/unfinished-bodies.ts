/** Counts the bytes of all request bodies in the process that are incomplete. */
export class UnfinishedBodies {
  readonly #maxBytes: () => number;
  readonly #onFull: () => void;
  #bytes = 0;

  /**
   * @param maxBytes returns the bound, which a configuration reload may change
   * @param onFull called for each body that is refused
   */
  constructor(maxBytes: () => number, onFull: () => void = () => {}) {
    this.#maxBytes = maxBytes;
    this.#onFull = onFull;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds the bytes of a chunk. Returns false, and adds nothing, if the sum would exceed the bound. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes()) {
      this.#onFull();
      return false;
    }
    this.#bytes += bytes;
    return true;
  }

  /** Subtracts the bytes of a body, complete or not. */
  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}
