/** Detects the end of a JSON object that arrives in pieces. Each character is read once. */
export class JsonProgress {
  #depth = 0;
  #inText = false;
  #escaped = false;
  #complete = false;
  #begun = false;

  /** Whether the object or list is complete. Any other text ends only with the response. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Whether anything but whitespace has arrived. */
  get begun(): boolean {
    return this.#begun;
  }

  add(piece: string): void {
    for (let at = 0; at < piece.length && !this.#complete; at++) this.#take(piece.charCodeAt(at));
  }

  #take(letter: number): void {
    if (this.#inText) {
      if (this.#escaped) this.#escaped = false;
      else if (letter === BACKSLASH) this.#escaped = true;
      else if (letter === QUOTE) this.#inText = false;
      return;
    }
    if (letter > SPACE) this.#begun = true;
    if (letter === QUOTE) this.#inText = true;
    else if (letter === OPEN_OBJECT || letter === OPEN_LIST) this.#depth++;
    else if ((letter === CLOSE_OBJECT || letter === CLOSE_LIST) && --this.#depth <= 0) this.#complete = true;
  }
}

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const OPEN_LIST = 0x5b;
const CLOSE_OBJECT = 0x7d;
const CLOSE_LIST = 0x5d;
