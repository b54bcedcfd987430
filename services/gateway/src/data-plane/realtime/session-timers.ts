/** Time limits of a session, in milliseconds. */
export interface SessionTimes {
  /** Time without messages after which a session is closed. */
  readonly idleTimeout: number;
  /** Longest duration of a session. */
  readonly maxDuration: number;
  /** Interval between pings to both sides. */
  readonly ping: number;
}

export interface TimerEvents {
  idle(): void;
  tooLong(): void;
  beat(): void;
}

/** The timers of a session. A message sets no timer: the idle time is checked only when it may have passed. */
export class SessionTimers {
  readonly #times: SessionTimes;
  readonly #events: TimerEvents;
  readonly #longest: NodeJS.Timeout;
  readonly #beats: NodeJS.Timeout;
  #idle: NodeJS.Timeout;
  #aliveMs = performance.now();

  constructor(times: SessionTimes, events: TimerEvents) {
    this.#times = times;
    this.#events = events;
    this.#longest = setTimeout(() => events.tooLong(), times.maxDuration);
    this.#beats = setInterval(() => events.beat(), times.ping);
    this.#idle = this.#wait(times.idleTimeout);
  }

  /** Records that a message was forwarded. */
  alive(): void {
    this.#aliveMs = performance.now();
  }

  stop(): void {
    clearTimeout(this.#longest);
    clearInterval(this.#beats);
    clearTimeout(this.#idle);
  }

  #wait(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      const remainingMs = this.#aliveMs + this.#times.idleTimeout - performance.now();
      if (remainingMs > 0) this.#idle = this.#wait(Math.ceil(remainingMs));
      else this.#events.idle();
    }, ms);
  }
}
