/** What of a budget is spent and what is reserved, the same as redis/scripts/include/budgets.lua does it. */
export class Budget {
  spent = 0;
  reserved = 0;
  /** By call: the amount, and the end of its lease. */
  readonly #reservations = new Map<string, { readonly amount: number; untilMs: number }>();

  /** Frees what those held who have died. */
  free(nowMs: number): void {
    for (const [callId, { amount, untilMs }] of this.#reservations) {
      if (untilMs > nowMs) continue;
      this.#reservations.delete(callId);
      this.reserved -= amount;
    }
  }

  reserve(callId: string, amount: number, untilMs: number): void {
    this.#reservations.set(callId, { amount, untilMs });
    this.reserved += amount;
  }

  renew(callId: string, nowMs: number, untilMs: number): void {
    const reservation = this.#reservations.get(callId);
    if (reservation !== undefined && reservation.untilMs > nowMs) reservation.untilMs = untilMs;
  }

  /** An amount whose lease has run out is spent all the same. */
  settle(callId: string, amount: number, actual: number): void {
    if (this.#reservations.delete(callId)) this.reserved -= amount;
    this.spent += actual;
  }
}
