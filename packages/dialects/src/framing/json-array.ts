import { UnfinishedBytes } from './unfinished-bytes.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * Splits a JSON array of objects into its elements while it arrives, however its chunks are split. Bytes between elements are
 * ignored. Source: Google's APIs, which stream such an array unless the client requests server-sent events.
 */
export class JsonArrayElements {
  readonly #unfinished = new UnfinishedBytes();
  /** Position up to which the unfinished element was scanned, and the scanner's state. */
  #at = 0;
  #depth = 0;
  #start = 0;
  #inText = false;
  #escaped = false;

  /** Number of bytes of the incomplete element. */
  get unfinished(): number {
    return this.#unfinished.length;
  }

  /** Returns the elements that this chunk completes. */
  feed(chunk: Buffer): Buffer[] {
    const bytes = this.#unfinished.with(chunk);
    const elements: Buffer[] = [];
    for (; this.#at < bytes.length; this.#at++) {
      const byte = bytes[this.#at] as number;
      if (this.#inText) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inText = false;
      } else if (byte === QUOTE) {
        // a text outside all elements is ignored
        this.#inText = this.#depth > 0;
      } else if (byte === OPEN) {
        if (this.#depth++ === 0) this.#start = this.#at;
      } else if (byte === CLOSE && this.#depth > 0 && --this.#depth === 0) {
        elements.push(bytes.subarray(this.#start, this.#at + 1));
        this.#start = this.#at + 1;
      }
    }
    const from = this.#depth > 0 ? this.#start : bytes.length;
    this.#unfinished.from(from);
    this.#at -= from;
    this.#start = 0;
    return elements;
  }
}
