interface Slots {
  count: number;
  untilMs: number;
}

/** The slots of a limit of concurrent calls: their number and the end of their lease in ms, by call or quota lease. */
export class SlotSet {
  readonly #held = new Map<string, Slots>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Releases expired slots. */
  free(nowMs: number): void {
    for (const [id, { untilMs }] of this.#held) if (untilMs <= nowMs) this.release(id);
  }

  take(id: string, untilMs: number, count = 1): void {
    this.release(id);
    this.#held.set(id, { count, untilMs });
    this.#size += count;
  }

  /** Releases all slots of a call, or some of a quota lease. */
  release(id: string, count = Number.POSITIVE_INFINITY): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    const back = Math.min(held.count, count);
    held.count -= back;
    this.#size -= back;
    if (held.count === 0) this.#held.delete(id);
  }

  /** Renews slots that have not expired. */
  renew(id: string, nowMs: number, untilMs: number): void {
    const held = this.#held.get(id);
    if (held !== undefined && held.untilMs > nowMs) held.untilMs = untilMs;
  }
}
