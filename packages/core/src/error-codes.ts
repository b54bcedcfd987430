/** What a client should do about an error. */
export type RetryAdvice = 'no' | 'after_delay' | 'at_once';

export interface ErrorCodeEntry {
  /** HTTP status. */
  readonly status: number;
  /** `after_delay`: after `Retry-After`. `at_once`: the same request may succeed now. */
  readonly retry: RetryAdvice;
  readonly meaning: string;
  readonly remedy: string;
}

/**
 * All error codes of the LLM API. `docs/errors.md` is generated from this table.
 * The codes are part of the public API: they may be added, never renamed.
 */
export const ERROR_CODES = {
  invalid_request: {
    status: 400,
    retry: 'no',
    meaning: 'The request is not valid, or its dialect has a field that the target cannot express.',
    remedy: 'Correct the field in `param`.',
  },
  content_filter: {
    status: 400,
    retry: 'no',
    meaning: 'The provider refuses the content of the prompt. The message is the provider’s.',
    remedy: 'Change the prompt, or add `content_refused` to `fallbackOn`.',
  },
  context_length_exceeded: {
    status: 400,
    retry: 'no',
    meaning: 'The prompt is too long for the model, and no other target has a larger context.',
    remedy: 'Shorten the conversation.',
  },
  invalid_api_key: {
    status: 401,
    retry: 'no',
    meaning: 'The key is missing, unknown, blocked, revoked or expired, or the token is not valid.',
    remedy: 'Send a valid key.',
  },
  model_not_allowed: {
    status: 403,
    retry: 'no',
    meaning: 'The key may not use this model or route.',
    remedy: 'Use another model, or ask an administrator for the right.',
  },
  address_not_allowed: {
    status: 403,
    retry: 'no',
    meaning: 'The key may not be used from this address.',
    remedy: 'Call from an allowed network, or check `network.trustedProxies`.',
  },
  model_not_found: {
    status: 404,
    retry: 'no',
    meaning: 'The model is neither configured nor known to its provider.',
    remedy: 'Use a model of `GET /v1/models`.',
  },
  not_found: {
    status: 404,
    retry: 'no',
    meaning: 'The route or object does not exist, or belongs to another tenant.',
    remedy: 'Check the path; the message often names the right one.',
  },
  method_not_allowed: {
    status: 405,
    retry: 'no',
    meaning: 'The route does not have this method.',
    remedy: 'Use a method of the route’s row in docs/api.md.',
  },
  request_too_large: {
    status: 413,
    retry: 'no',
    meaning: 'The body exceeds `limits.body` (10 MiB by default).',
    remedy: 'Send a smaller request.',
  },
  upgrade_required: {
    status: 426,
    retry: 'no',
    meaning: 'The route is served over HTTP only, or over a WebSocket only.',
    remedy: 'Use the protocol in the message.',
  },
  rate_limit_exceeded: {
    status: 429,
    retry: 'after_delay',
    meaning: 'A limit of the caller is exhausted (the message names it), or all providers are rate limited.',
    remedy: 'Wait for `Retry-After`.',
  },
  insufficient_quota: {
    status: 429,
    retry: 'no',
    meaning: 'The budget cannot pay for this call.',
    remedy: 'Wait for the next period, or ask for a larger budget.',
  },
  budget_in_flight: {
    status: 429,
    retry: 'after_delay',
    meaning: 'Calls in flight have reserved the rest of the budget.',
    remedy: 'Wait for `Retry-After`.',
  },
  client_closed: {
    status: 499,
    retry: 'no',
    meaning: 'The client disconnected. Only records have this code.',
    remedy: 'None.',
  },
  internal_error: {
    status: 500,
    retry: 'at_once',
    meaning: 'The gateway failed.',
    remedy: 'Search the log for the request id, and report the error.',
  },
  upstream_error: {
    status: 502,
    retry: 'at_once',
    meaning: 'The provider failed, and so did retries and fallbacks.',
    remedy: 'Try again, or configure fallbacks.',
  },
  upstream_truncated: {
    status: 502,
    retry: 'at_once',
    meaning: 'The provider ended the answer in the middle. In a stream it is an error event.',
    remedy: 'Try again, or use `x-sluice-stream-recovery`.',
  },
  no_healthy_target: {
    status: 503,
    retry: 'after_delay',
    meaning: 'The circuits of all targets of the model are open.',
    remedy: 'Wait for `Retry-After`, or configure fallbacks.',
  },
  overloaded: {
    status: 503,
    retry: 'after_delay',
    meaning: 'The gateway is overloaded, or the provider’s concurrency limit is reached.',
    remedy: 'Wait for `Retry-After`.',
  },
  gateway_draining: {
    status: 503,
    retry: 'at_once',
    meaning: 'The replica is stopping.',
    remedy: 'Try again: another replica answers.',
  },
  auth_unavailable: {
    status: 503,
    retry: 'after_delay',
    meaning: 'The key or the owner of an object cannot be checked, because Redis is unavailable.',
    remedy: 'Wait for `Retry-After`.',
  },
  limiter_unavailable: {
    status: 503,
    retry: 'after_delay',
    meaning: 'A limit cannot be checked, because Redis is unavailable.',
    remedy: 'Wait for `Retry-After`.',
  },
  budget_unavailable: {
    status: 503,
    retry: 'after_delay',
    meaning: 'A budget cannot be checked, because Redis is unavailable and the lease is spent.',
    remedy: 'Wait for `Retry-After`.',
  },
  responses_unavailable: {
    status: 503,
    retry: 'after_delay',
    meaning: 'Stored responses cannot be read, because Redis is unavailable.',
    remedy: 'Wait for `Retry-After`.',
  },
  not_cached: {
    status: 504,
    retry: 'no',
    meaning: 'The request has `only-if-cached`, and the cache has no entry.',
    remedy: 'Send it without `only-if-cached`.',
  },
  upstream_timeout: {
    status: 504,
    retry: 'at_once',
    meaning: 'A deadline passed: the provider’s, the target’s or the call’s own.',
    remedy: 'Try again, or raise the deadline.',
  },
} as const satisfies Record<string, ErrorCodeEntry>;

/** The code of an error. */
export type ErrorCode = keyof typeof ERROR_CODES;
