import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LlmCall, LlmProxy } from '@sluice/core';
import { isLarge } from '@sluice/dialects';

/**
 * Parses a large body in its own turn of the event loop, so that receiving, parsing and estimating do not add up to one long
 * turn. It runs after authentication: no body without a valid key is parsed.
 */
export const largeRequests: LlmProxy = (next) => ({
  complete: (call) => (isLarge(call.message.bytes) ? completeLarge(call, next) : next.complete(call)),
});

async function completeLarge(call: LlmCall, next: ReturnType<LlmProxy>): ReturnType<typeof next.complete> {
  await nextTurn();
  try {
    call.message.view();
  } catch {
    // the message stores the error and throws it again in the layer that needs it
  }
  await nextTurn();
  return next.complete(call);
}
