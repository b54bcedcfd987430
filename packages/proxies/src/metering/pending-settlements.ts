/**
 * Counts failed settlements that will be retried.
 *
 * An audit record is written only after the settlement of its call. In the opposite order, a budget that is raised to the
 * ledger after data loss would already contain the call, and the late settlement would add it a second time.
 */
export class PendingSettlements {
  #count = 0;
  #waiting: (() => void)[] = [];

  add(): void {
    this.#count++;
  }

  remove(): void {
    this.#count--;
    if (this.#count > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves when no settlement is pending, or after `timeoutMs`. */
  async done(timeoutMs: number): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs).unref();
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
