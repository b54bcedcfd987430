/** Ends a text at the first of several stop sequences, piece by piece. A possible beginning of a sequence is held back. */
export class StopCutter {
  readonly #sequences: readonly string[];
  #held = '';
  #met: string | undefined;

  constructor(sequences: readonly string[]) {
    this.#sequences = sequences;
  }

  /** The sequence that ended the text. */
  get met(): string | undefined {
    return this.#met;
  }

  /** Returns the certain part of the text after this piece. */
  push(piece: string): string {
    if (this.#met !== undefined) return '';
    const text = this.#held + piece;
    const end = this.#endIn(text);
    const sure = end ?? text.length - this.#heldOf(text);
    this.#held = end === undefined ? text.slice(sure) : '';
    return text.slice(0, sure);
  }

  /** Returns the held-back text at the end. */
  flush(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }

  /**
   * Returns the end of the text. A provider stops at the sequence that is complete first, and at the longer one of two that end
   * at the same position.
   */
  #endIn(text: string): number | undefined {
    let met: { readonly at: number; readonly end: number } | undefined;
    for (const sequence of this.#sequences) {
      const at = text.indexOf(sequence);
      const end = at + sequence.length;
      if (at === -1 || (met !== undefined && (end > met.end || (end === met.end && at >= met.at)))) continue;
      met = { at, end };
      this.#met = sequence;
    }
    return met?.at;
  }

  /** Returns the number of final characters that may be the beginning of a sequence. */
  #heldOf(text: string): number {
    let held = 0;
    for (const sequence of this.#sequences) {
      for (let length = Math.min(sequence.length - 1, text.length); length > held; length--) {
        if (text.endsWith(sequence.slice(0, length))) {
          held = length;
          break;
        }
      }
    }
    return held;
  }
}
