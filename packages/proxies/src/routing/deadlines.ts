import { copyCall, errorTexts, LlmError, type LlmProxy, withEnd } from '@sluice/core';

export interface Deadlines {
  /** Until the response begins: for a whole response its end, for a stream its first content. */
  readonly beginMs: number;
  /** The same for streams only, if they have less time. */
  readonly firstContentMs?: number | undefined;
  /** Until the end of any response. */
  readonly wholeMs?: number | undefined;
}

/**
 * Limits the time until the response begins and until it ends; afterwards the call is aborted. Each target has its own
 * deadlines, so that a slow provider does not use up the time of the next.
 *
 * Activity of a stream before its first content (comments, pings, empty events) restarts the first deadline, so it measures
 * silence.
 *
 * @throws LlmError `upstream_timeout`
 */
export function deadlines({ beginMs, firstContentMs, wholeMs }: Deadlines): LlmProxy {
  return (next) => ({
    async complete(call) {
      const controller = new AbortController();
      const onAbort = (): void => controller.abort(call.signal.reason);
      if (call.signal.aborted) onAbort();
      call.signal.addEventListener('abort', onAbort, { once: true });
      const after = (ms: number, message: string) =>
        new Deadline(ms, () => controller.abort(new LlmError('upstream_timeout', message, { failure: { kind: 'timeout' } })));
      const streamed = call.operation !== 'other' && call.message.view().stream;
      const toBeginMs = streamed ? Math.min(firstContentMs ?? beginMs, beginMs) : beginMs;
      const begin = after(toBeginMs, errorTexts.beginDeadline(streamed, toBeginMs));
      const alive = streamed ? () => begin.alive() : call.alive;
      // a session has its own maximum duration
      const bounded = wholeMs === undefined || call.operation === 'realtime' ? undefined : wholeMs;
      const whole = bounded === undefined ? undefined : after(bounded, errorTexts.wholeDeadline(bounded));
      const end = (): void => {
        whole?.clear();
        call.signal.removeEventListener('abort', onAbort);
      };
      try {
        // after its begin, a stream depends on the call's own signal
        return await withEnd(() => next.complete(copyCall(call, { alive, signal: controller.signal })), end);
      } finally {
        begin.clear();
      }
    },
  });
}

/** A timer that fires this late, in ms, proves that this process was suspended and could not receive anything. */
const LATE_MS = 1_000;
/** Time to read a response that arrived during a suspension, in ms. */
export const GRACE_MS = 2_000;

/** The longest wait with activity: 10 min, the default timeout of the SDKs. */
const LONGEST_MS = 600_000;

/** A timer that activity restarts, up to `LONGEST_MS` in all. It is extended once if this process was suspended. */
class Deadline {
  readonly #ms: number;
  readonly #onPassed: () => void;
  readonly #lastMs: number;
  #aliveMs: number | undefined;
  #timer: NodeJS.Timeout;

  constructor(ms: number, onPassed: () => void) {
    this.#ms = ms;
    this.#onPassed = onPassed;
    const nowMs = performance.now();
    this.#lastMs = nowMs + Math.max(ms, LONGEST_MS);
    this.#timer = this.#wait(nowMs + ms);
  }

  /** Records activity. The timer is restarted only when it fires, so that this call is cheap. */
  alive(): void {
    this.#aliveMs = performance.now();
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  #wait(dueMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#due(dueMs), dueMs - performance.now());
  }

  #due(dueMs: number): void {
    const nowMs = performance.now();
    const aliveUntilMs = this.#aliveMs === undefined ? dueMs : Math.min(this.#aliveMs + this.#ms, this.#lastMs);
    if (aliveUntilMs > nowMs) this.#timer = this.#wait(aliveUntilMs);
    else if (nowMs - dueMs < LATE_MS) this.#onPassed();
    else this.#timer = setTimeout(this.#onPassed, Math.min(this.#ms, GRACE_MS));
  }
}
