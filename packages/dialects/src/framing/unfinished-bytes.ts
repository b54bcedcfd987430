const NOTHING = Buffer.alloc(0);

/**
 * Keeps the bytes of a stream that are not a whole event yet.
 *
 * A chunk that completes what it begins is never copied. One event that comes in many chunks is copied into a buffer that doubles, so that each of its bytes is
 * copied three times at most, however many chunks there are.
 */
export class UnfinishedBytes {
  #bytes: Buffer = NOTHING;
  /** Where `#bytes` is our own and may be written to: how much it has room for. */
  #capacity = 0;
  #own: Buffer = NOTHING;

  get length(): number {
    return this.#bytes.length;
  }

  /** Returns what is kept, with a chunk behind it. */
  with(chunk: Buffer): Buffer {
    if (this.#bytes.length === 0) {
      this.#bytes = chunk;
      this.#capacity = 0;
      return chunk;
    }
    const length = this.#bytes.length + chunk.length;
    if (length > this.#capacity) {
      this.#capacity = 2 * length;
      this.#own = Buffer.allocUnsafeSlow(this.#capacity);
      this.#bytes.copy(this.#own);
    }
    chunk.copy(this.#own, this.#bytes.length);
    this.#bytes = this.#own.subarray(0, length);
    return this.#bytes;
  }

  /** Keeps only what stands from an offset on: the events before it are given away, and their memory is not written to again. */
  from(offset: number): void {
    if (offset === 0) return;
    // the common case: a chunk ends with an event
    if (offset === this.#bytes.length) {
      this.take();
      return;
    }
    const rest = this.#bytes.subarray(offset);
    // a few bytes must not keep all of a chunk in memory while a slow client is waited for
    this.#bytes = rest.length < this.#bytes.length / 2 ? Buffer.from(rest) : rest;
    this.#capacity = 0;
    this.#own = NOTHING;
  }

  /** Takes out what is kept. */
  take(): Buffer {
    const bytes = this.#bytes;
    this.#bytes = NOTHING;
    this.#capacity = 0;
    this.#own = NOTHING;
    return bytes;
  }
}
