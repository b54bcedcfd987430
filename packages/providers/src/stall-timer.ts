/** Limits the gap between chunks of a stream after its first content. */
export class StallTimer {
  readonly #ms: number;
  readonly #onStall: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, onStall: () => void) {
    this.#ms = ms;
    this.#onStall = onStall;
  }

  /** Starts or restarts the timer. */
  restart(): void {
    if (this.#timer === undefined) this.#timer = setTimeout(this.#onStall, this.#ms);
    else this.#timer.refresh();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
