import { randomUUID } from 'node:crypto';
import { CallAbort, type LlmCall, newCallContext } from '@sluice/core';
import { type OpenAiOperation, openAiCall } from '@sluice/dialects';

/**
 * Returns the same request as a call of its own, which reads no cache entry and replaces the existing one. It is authenticated,
 * limited, charged and recorded like a call of the same client, and ends without it.
 */
export function repeatedCall(call: LlmCall): LlmCall {
  const { idempotencyKey: _, deadlineMs: _deadline, receive: _receive, alive: _alive, ...request } = call;
  const { maxAgeS: _maxAge, onlyIfCached: _only, ...cache } = call.preferences.cache;
  return {
    ...request,
    id: randomUUID(),
    preferences: { ...call.preferences, cache: { ...cache, noCache: true } },
    signal: new CallAbort(),
    startedAtMs: performance.now(),
    context: newCallContext(),
  };
}

/**
 * Returns a call that the gateway makes for a caller: authenticated, limited, charged and recorded like its own calls, with the
 * tag `sluice` that tells them apart. It is served by no other question.
 */
export function internalCall(call: LlmCall, operation: OpenAiOperation, body: object, purpose: string): LlmCall {
  const { credential, clientAddress, traceparent, preferences } = call;
  return {
    ...openAiCall(body, { operation, requestId: `${call.requestId}.${purpose}`.slice(0, 128) }),
    ...{ credential, traceparent, signal: new CallAbort() },
    ...(clientAddress === undefined ? {} : { clientAddress }),
    preferences: { cache: { mode: 'exact' }, tags: { ...preferences.tags, sluice: purpose } },
  };
}
