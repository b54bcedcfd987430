const NOTHING = Buffer.alloc(0);

/**
 * Keeps the bytes of a stream that are not a complete event yet.
 *
 * A chunk that completes its own events is never copied. An event in many chunks is copied into a buffer that doubles, so that
 * each byte is copied at most three times, however many chunks arrive.
 */
export class UnfinishedBytes {
  #bytes: Buffer = NOTHING;
  /** Capacity of `#bytes` if this object owns the buffer and may write to it. */
  #capacity = 0;
  #own: Buffer = NOTHING;

  get length(): number {
    return this.#bytes.length;
  }

  /** Returns the kept bytes followed by a chunk. */
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

  /** Drops the bytes before an offset. The events before it were handed out, and their memory is never written again. */
  from(offset: number): void {
    if (offset === 0) return;
    // the common case: a chunk ends with an event
    if (offset === this.#bytes.length) {
      this.take();
      return;
    }
    const rest = this.#bytes.subarray(offset);
    // a few bytes must not keep a whole chunk in memory while the gateway waits for a slow client
    this.#bytes = rest.length < this.#bytes.length / 2 ? Buffer.from(rest) : rest;
    this.#capacity = 0;
    this.#own = NOTHING;
  }

  /** Removes and returns the kept bytes. */
  take(): Buffer {
    const bytes = this.#bytes;
    this.#bytes = NOTHING;
    this.#capacity = 0;
    this.#own = NOTHING;
    return bytes;
  }
}
