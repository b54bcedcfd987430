import type { LlmProxy } from '@sluice/core';

/**
 * Receives the request's body. It runs after authentication, so that a client without a valid key is refused by its headers
 * alone.
 *
 * @throws any error of the call's `receive`: `invalid_request`, `request_too_large`, `overloaded`, `client_closed`
 */
export const requestBody: LlmProxy = (next) => ({
  async complete(call) {
    if (call.receive !== undefined) call.message = await call.receive();
    return await next.complete(call);
  },
});
