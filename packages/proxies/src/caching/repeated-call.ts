import { randomUUID } from 'node:crypto';
import { CallAbort, type LlmCall, newCallContext } from '@sluice/core';

/**
 * Returns the same request as a call of its own, which reads no cache entry and replaces the existing one. It is authenticated,
 * limited, charged and recorded like a call of the same client, and ends without it.
 */
export function repeatedCall(call: LlmCall): LlmCall {
  const { idempotencyKey: _, deadlineMs: _deadline, receive: _receive, alive: _alive, ...request } = call;
  const { staleWhileRevalidateS, staleIfErrorS, ttlS, namespace, mode, tags } = call.preferences.cache;
  return {
    ...request,
    id: randomUUID(),
    preferences: {
      ...call.preferences,
      cache: {
        noCache: true,
        ...(staleWhileRevalidateS === undefined ? {} : { staleWhileRevalidateS }),
        ...(staleIfErrorS === undefined ? {} : { staleIfErrorS }),
        ...{ ttlS, namespace, mode, tags },
      },
    },
    signal: new CallAbort(),
    startedAtMs: performance.now(),
    context: newCallContext(),
  };
}
