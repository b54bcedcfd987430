import { UnfinishedBytes } from './unfinished-bytes.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * Cuts a JSON array of objects into its elements while it comes, wherever its chunks are cut. What stands between them is not looked at.
 * Source: Google's APIs, which stream such an array where server-sent events were not asked for.
 */
export class JsonArrayElements {
  readonly #unfinished = new UnfinishedBytes();
  /** How far the unfinished element was looked at, and in what state. */
  #at = 0;
  #depth = 0;
  #start = 0;
  #inText = false;
  #escaped = false;

  /** How many bytes of an element have come that is not complete. */
  get unfinished(): number {
    return this.#unfinished.length;
  }

  /** The elements that are complete with this chunk. */
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
        // a text outside of every element is none of ours
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
