import type { Clock } from '@sluice/core';
import { LRUCache } from 'lru-cache';
import type { AttemptsLimit, AttemptsResult, SignInAttempts } from '../ports/index.ts';
import { SubWindows } from '../ports/index.ts';

const MAX_SUBJECTS = 10_000;

/** Sign-in attempts of a single process. */
export class MemorySignInAttempts implements SignInAttempts {
  readonly #clock: Clock;
  readonly #limit: AttemptsLimit;
  readonly #windows = new LRUCache<string, SubWindows>({ max: MAX_SUBJECTS });

  constructor(clock: Clock, limit: AttemptsLimit) {
    this.#clock = clock;
    this.#limit = limit;
  }

  async count(subject: string): Promise<AttemptsResult> {
    const nowMs = this.#clock.now();
    const window = this.#windows.get(subject) ?? new SubWindows(this.#limit.windowS * 1_000);
    this.#windows.set(subject, window);
    if (window.sumAt(nowMs) < this.#limit.limit) {
      window.add(nowMs, 1);
      return { allowed: true, retryAfterMs: 0 };
    }
    return { allowed: false, retryAfterMs: window.fitsAfterMs(nowMs, 1, this.#limit.limit) };
  }
}
