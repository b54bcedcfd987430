import type { Clock } from '@sluice/core';

export interface RetryBudgetSettings {
  /** Retries that each call deposits: 0.1 for one retry per ten calls. */
  readonly share: number;
  /** Retries per second that are always allowed, so that a provider with few calls can retry. */
  readonly floorPerS: number;
}

/** Lifetime of a deposit, in seconds. */
const SPAN_S = 10;

interface Second {
  at: number;
  calls: number;
  retries: number;
}

/**
 * Limits a provider's retries to a share of its calls in the last ten seconds. During an outage, in which every call fails,
 * retries add 10 % of load instead of tripling it. (The retry budget of Finagle and Linkerd, with half of their default share.)
 */
export class RetryBudget {
  readonly #clock: Clock;
  readonly #seconds: Second[] = Array.from({ length: SPAN_S }, () => ({ at: -1, calls: 0, retries: 0 }));

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Deposits the share of a call. */
  deposit(): void {
    this.#now().calls++;
  }

  /** Withdraws one retry. Returns false if the budget is empty. */
  tryWithdraw({ share, floorPerS }: RetryBudgetSettings): boolean {
    const now = this.#now();
    let calls = 0;
    let retries = 0;
    for (const second of this.#seconds) {
      if (second.at <= now.at - SPAN_S) continue;
      calls += second.calls;
      retries += second.retries;
    }
    if (retries + 1 > Math.max(share * calls, floorPerS * SPAN_S)) return false;
    now.retries++;
    return true;
  }

  #now(): Second {
    const at = Math.floor(this.#clock.monotonic() / 1_000);
    const known = this.#seconds[at % SPAN_S] as Second;
    if (known.at === at) return known;
    const begun = { at, calls: 0, retries: 0 };
    this.#seconds[at % SPAN_S] = begun;
    return begun;
  }
}
