import type { LlmProxy } from '@sluice/core';

/**
 * Receives the request's body. It stands behind authentication, so that a client without a valid key is refused on its headers alone.
 *
 * @throws what the call's `receive` throws: `invalid_request`, `request_too_large`, `overloaded`, `client_closed`
 */
export const requestBody: LlmProxy = (next) => ({
  async complete(call) {
    if (call.receive !== undefined) call.message = await call.receive();
    return await next.complete(call);
  },
});
