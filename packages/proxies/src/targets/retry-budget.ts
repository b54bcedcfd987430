import type { Clock } from '@sluice/core';

export interface RetryBudgetSettings {
  /** How many retries a call pays for: 0.1 for one in ten calls. */
  readonly share: number;
  /** So many a second are made in any case, so that where there are few calls one can be retried. */
  readonly floorPerS: number;
}

/** Calls of so long ago pay for no retry any more. */
const SPAN_S = 10;

interface Second {
  at: number;
  calls: number;
  retries: number;
}

/**
 * How many retries a provider's calls may have, as a share of its calls of the last ten seconds. An outage, in which every call fails, is so made a tenth
 * worse by those who try again, and not three times as bad. (Finagle's and Linkerd's budget, with half of their share.)
 */
export class RetryBudget {
  readonly #settings: () => RetryBudgetSettings;
  readonly #clock: Clock;
  readonly #seconds: Second[] = Array.from({ length: SPAN_S }, () => ({ at: -1, calls: 0, retries: 0 }));

  constructor(settings: () => RetryBudgetSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  called(): void {
    this.#now().calls++;
  }

  /** Takes one retry, where there is one. */
  take(): boolean {
    const now = this.#now();
    let calls = 0;
    let retries = 0;
    for (const second of this.#seconds) {
      if (second.at <= now.at - SPAN_S) continue;
      calls += second.calls;
      retries += second.retries;
    }
    const { share, floorPerS } = this.#settings();
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
