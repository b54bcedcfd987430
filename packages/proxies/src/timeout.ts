import { LlmError, type LlmProxy } from '@sluice/core';

/**
 * Gives the next service so long to begin its answer: all of a whole one, the head of a streamed one. Then the work is aborted.
 * One for each target, so that one slow provider does not spend the time of the next.
 *
 * @throws LlmError `upstream_timeout`
 */
export function timeout(timeoutMs: number): LlmProxy {
  return (next) => ({
    async complete(call) {
      const controller = new AbortController();
      const onAbort = (): void => controller.abort(call.signal.reason);
      if (call.signal.aborted) onAbort();
      call.signal.addEventListener('abort', onAbort, { once: true });
      const timer = setTimeout(() => {
        controller.abort(new LlmError('upstream_timeout', `The provider did not answer within ${timeoutMs} ms.`));
      }, timeoutMs);
      try {
        const reply = await next.complete({ ...call, signal: controller.signal });
        // a stream goes on under the call's own signal
        if ('stream' in reply) {
          void reply.stream.outcome.then(() => call.signal.removeEventListener('abort', onAbort));
        } else {
          call.signal.removeEventListener('abort', onAbort);
        }
        return reply;
      } catch (error) {
        call.signal.removeEventListener('abort', onAbort);
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
  });
}
