/**
 * Counts settlements that failed and are sent again.
 *
 * A record is written only after the settlement of its call: were it the other way round, a budget that is raised to the ledger after a loss of data would
 * have the call already, and its late settlement would add it once more.
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

  /** Resolves when none is pending, or after `timeoutMs`. */
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
