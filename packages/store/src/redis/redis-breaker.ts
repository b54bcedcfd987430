import { type Clock, systemClock } from '@sluice/core';

/** Thrown instead of sending a command while the breaker is open, so that no call waits for a Redis that does not respond. */
export class RedisUnavailableError extends Error {
  override readonly name = 'RedisUnavailableError';
}

/** Consecutive timeouts that open the breaker, */
const IN_A_ROW = 5;
/** or more than half of the last commands of this number, within a second. */
const SAMPLE = 20;
const SAMPLE_MS = 1_000;
/** Minimum duration of a state: a server that responds now and then is not available. */
const LEAST_MS = 1_000;
/** Interval of the probes after the first one, in ms. */
const PROBE_MS = 100;

export interface RedisBreakerOptions {
  /** Sends any command to Redis. Rejects if the response is late. */
  readonly probe: () => Promise<unknown>;
  readonly onState?: ((open: boolean) => void) | undefined;
  readonly clock?: Clock;
}

/**
 * Circuit breaker of a connection: opens after a few timeouts, so that further calls do not wait. An error that Redis itself
 * returns (a wrong command, a key of another type) is a response. Background probes close the breaker, never a call.
 */
export class RedisBreaker {
  readonly #options: RedisBreakerOptions;
  readonly #clock: Clock;
  #inARow = 0;
  #answers: boolean[] = [];
  #sampleSinceMs = 0;
  #openSinceMs: number | undefined;
  #closedSinceMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RedisBreakerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#closedSinceMs = this.#clock.monotonic() - LEAST_MS;
  }

  get open(): boolean {
    return this.#openSinceMs !== undefined;
  }

  /** Returns the reason for which no command is sent; undefined if commands are sent. */
  refusal(): RedisUnavailableError | undefined {
    return this.open
      ? new RedisUnavailableError('Redis does not respond. No command is sent until a probe succeeds.')
      : undefined;
  }

  answered(): void {
    this.#inARow = 0;
    this.#note(true);
  }

  failed(error: unknown): void {
    const { name } = (error ?? {}) as Partial<Error>;
    if (name === 'ReplyError') this.answered();
    // a missing connection costs no time and reports its own recovery
    if (name !== 'RedisTimeoutError') return;
    this.#inARow++;
    this.#note(false);
    if (this.open) return;
    const failures = this.#answers.filter((ok) => !ok).length;
    const half = this.#answers.length >= SAMPLE && failures > this.#answers.length / 2;
    if (this.#inARow >= IN_A_ROW || half) this.#trip();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #note(ok: boolean): void {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#sampleSinceMs > SAMPLE_MS) {
      this.#answers = [];
      this.#sampleSinceMs = nowMs;
    }
    this.#answers.push(ok);
    if (this.#answers.length > SAMPLE) this.#answers.shift();
  }

  #trip(): void {
    // a breaker that has just closed ignores a few responses that were late before
    if (this.#clock.monotonic() - this.#closedSinceMs < LEAST_MS && this.#inARow < IN_A_ROW * 2) return;
    this.#openSinceMs = this.#clock.monotonic();
    this.#options.onState?.(true);
    this.#probeLater(LEAST_MS);
  }

  #probeLater(ms: number): void {
    this.#timer = setTimeout(() => void this.#probe(), ms).unref();
  }

  async #probe(): Promise<void> {
    try {
      await this.#options.probe();
    } catch {
      this.#probeLater(PROBE_MS);
      return;
    }
    this.#openSinceMs = undefined;
    this.#closedSinceMs = this.#clock.monotonic();
    this.#inARow = 0;
    this.#answers = [];
    this.#options.onState?.(false);
  }
}
