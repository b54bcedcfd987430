/** Ends a text at the first of some stop sequences, piece by piece: what may be the beginning of one is held back. */
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

  /** Returns what of the text is certain with this piece. */
  push(piece: string): string {
    if (this.#met !== undefined) return '';
    const text = this.#held + piece;
    const end = this.#endIn(text);
    const sure = end ?? text.length - this.#heldOf(text);
    this.#held = end === undefined ? text.slice(sure) : '';
    return text.slice(0, sure);
  }

  /** Returns what was held back, now that no more comes. */
  flush(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }

  /** A provider stops at the sequence that is complete first; of two that end at one place, at the longer one. */
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

  /** How many characters at the end of a text may be the beginning of a sequence. */
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
