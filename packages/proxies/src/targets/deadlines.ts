import { LlmError, type LlmProxy } from '@sluice/core';

export interface Deadlines {
  /** To begin an answer: all of a whole one, the first content of a streamed one. */
  readonly beginMs: number;
  /** The same for streamed ones alone, where they have less time. */
  readonly firstContentMs?: number | undefined;
  /** For all of an answer, however it comes. */
  readonly wholeMs?: number | undefined;
}

/**
 * Gives the next service so long to begin its answer, and so long to end it. Then the work is aborted. One for each target, so that one slow provider does not
 * spend the time of the next.
 *
 * Activity of a stream before its first content (comments, pings, empty events) restarts the wait: it measures silence.
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
        new Deadline(ms, () => controller.abort(new LlmError('upstream_timeout', message, { failure: { kind: 'silent' } })));
      const streamed = call.operation !== 'other' && call.message.view().stream;
      const toBeginMs = streamed ? Math.min(firstContentMs ?? beginMs, beginMs) : beginMs;
      const begin = after(toBeginMs, `The provider did not ${streamed ? 'begin to ' : ''}answer within ${toBeginMs} ms.`);
      const life = streamed ? { alive: () => begin.alive() } : {};
      // a session has a longest duration of its own
      const bounded = wholeMs === undefined || call.operation === 'realtime' ? undefined : wholeMs;
      const whole = bounded === undefined ? undefined : after(bounded, `The answer was not complete within ${bounded} ms.`);
      const end = (): void => {
        whole?.clear();
        call.signal.removeEventListener('abort', onAbort);
      };
      try {
        const reply = await next.complete({ ...call, ...life, signal: controller.signal });
        // a stream goes on under the call's own signal
        if ('stream' in reply) void reply.stream.outcome.then(end);
        else end();
        return reply;
      } catch (error) {
        end();
        throw error;
      } finally {
        begin.clear();
      }
    },
  });
}

/** A timer that is so late, in ms, says that this process slept, and could receive nothing meanwhile. */
const LATE_MS = 1_000;
/** An answer that came while it slept is read within so long, in ms. */
export const GRACE_MS = 2_000;

/** The longest wait with activity: 10 min, the default timeout of the SDKs. */
const LONGEST_MS = 600_000;

/**
 * A timer that activity restarts, up to `LONGEST_MS` in all. It is extended once if this process slept.
 */
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

  /** Records activity. The timer is restarted only when it fires, so that a call costs nothing. */
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
