/** The slots of a limit of concurrent calls: the end of each call's lease, in ms. */
export class SlotSet {
  readonly #untilMs = new Map<string, number>();

  get size(): number {
    return this.#untilMs.size;
  }

  /** Releases expired slots. */
  free(nowMs: number): void {
    for (const [callId, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(callId);
  }

  take(callId: string, untilMs: number): void {
    this.#untilMs.set(callId, untilMs);
  }

  release(callId: string): void {
    this.#untilMs.delete(callId);
  }

  /** Renews a slot that has not expired. */
  renew(callId: string, nowMs: number, untilMs: number): void {
    const known = this.#untilMs.get(callId);
    if (known !== undefined && known > nowMs) this.#untilMs.set(callId, untilMs);
  }
}
