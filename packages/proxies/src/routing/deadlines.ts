import { CallAbort, copyCall, errorTexts, isStreamed, type LlmCall, LlmError, type LlmProxy } from '@sluice/core';

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
export function deadlines(limits: Deadlines): LlmProxy {
  return (next) => ({
    async complete(call) {
      const bounded = new BoundedCall(call, limits);
      try {
        const reply = await next.complete(bounded.call);
        // after its begin, a stream depends on the call's own signal
        if (isStreamed(reply)) reply.stream.onEnd(() => bounded.end());
        else bounded.end();
        return reply;
      } catch (error) {
        bounded.end();
        throw error;
      } finally {
        bounded.begun();
      }
    },
  });
}

/** A copy of a call that is aborted with the call, or at its own deadlines. */
class BoundedCall extends CallAbort {
  readonly call: LlmCall;
  readonly #of: LlmCall;
  readonly #begin: Deadline;
  readonly #whole: Deadline | undefined;

  constructor(of: LlmCall, { beginMs, firstContentMs, wholeMs }: Deadlines) {
    super();
    this.#of = of;
    if (of.signal.aborted) this.handleEvent();
    of.signal.addEventListener('abort', this, { once: true });
    const streamed = of.operation !== 'other' && of.message.view().stream;
    const toBeginMs = streamed ? Math.min(firstContentMs ?? beginMs, beginMs) : beginMs;
    const begin = new Deadline(toBeginMs, () => this.#timeOut(errorTexts.beginDeadline(streamed, toBeginMs)));
    this.#begin = begin;
    // a session has its own maximum duration
    this.#whole =
      wholeMs === undefined || of.operation === 'realtime'
        ? undefined
        : new Deadline(wholeMs, () => this.#timeOut(errorTexts.wholeDeadline(wholeMs)));
    this.call = copyCall(of, { alive: streamed ? () => begin.alive() : of.alive, signal: this });
  }

  /** Called when the call is aborted. */
  handleEvent(): void {
    this.abort(this.#of.signal.reason);
  }

  /** The response has begun, or the attempt has failed. */
  begun(): void {
    this.#begin.clear();
  }

  end(): void {
    this.#whole?.clear();
    this.#of.signal.removeEventListener('abort', this);
  }

  #timeOut(message: string): void {
    this.abort(new LlmError('upstream_timeout', message, { failure: { kind: 'timeout' } }));
  }
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
