import type { Meters, QuotaLeaseSettlement, ReservationRequest, Settlement } from '@sluice/store/ports';

/** Counts the requests to a store that wait for their response. */
export class InFlight {
  #count = 0;
  #waiting: (() => void) | undefined;
  reservations = 0;

  /** Returns the store with counted requests. */
  watch(meters: Meters): Meters {
    const track = <T>(request: Promise<T>): Promise<T> => this.#track(request);
    return {
      reserve: (request: ReservationRequest) => {
        this.reservations++;
        return track(meters.reserve(request));
      },
      settle: (settlement: Settlement) => track(meters.settle(settlement)),
      settleQuotaLeases: (settlement: QuotaLeaseSettlement) => track(meters.settleQuotaLeases(settlement)),
      release: (slots) => track(meters.release(slots)),
      renew: (held) => track(meters.renew(held)),
      budget: (of) => meters.budget(of),
      lease: (request) => meters.lease(request),
      raiseToLedger: (budgets) => meters.raiseToLedger(budgets),
    } as Meters;
  }

  /** Resolves when every request has its response, and its caller has used it. */
  async settled(): Promise<void> {
    do {
      if (this.#count > 0) await new Promise<void>((resolve) => (this.#waiting = resolve));
      // a response may lead to another request
      for (let n = 0; n < 4; n++) await Promise.resolve();
    } while (this.#count > 0);
  }

  async #track<T>(request: Promise<T>): Promise<T> {
    this.#count++;
    try {
      return await request;
    } finally {
      if (--this.#count === 0) {
        this.#waiting?.();
        this.#waiting = undefined;
      }
    }
  }
}
