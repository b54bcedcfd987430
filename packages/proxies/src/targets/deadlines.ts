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
 * Gives the next service so long to begin its answer, and so long to end it. Then the work is aborted. One for each target, so that one slow provider does
 * not spend the time of the next.
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
      const streamed = firstContentMs !== undefined && call.operation !== 'other' && call.message.view().stream;
      const toBeginMs = streamed ? Math.min(firstContentMs, beginMs) : beginMs;
      const begin = after(toBeginMs, `The provider did not ${streamed ? 'begin to ' : ''}answer within ${toBeginMs} ms.`);
      const whole = wholeMs === undefined ? undefined : after(wholeMs, `The answer was not complete within ${wholeMs} ms.`);
      const end = (): void => {
        whole?.clear();
        call.signal.removeEventListener('abort', onAbort);
      };
      try {
        const reply = await next.complete({ ...call, signal: controller.signal });
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

/** A timer that gives some more time, once, where this process slept while it ran. */
class Deadline {
  #timer: NodeJS.Timeout;

  constructor(ms: number, onPassed: () => void) {
    const dueMs = performance.now() + ms;
    this.#timer = setTimeout(() => {
      if (performance.now() - dueMs < LATE_MS) onPassed();
      else this.#timer = setTimeout(onPassed, Math.min(ms, GRACE_MS));
    }, ms);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
