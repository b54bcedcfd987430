import type { Failure } from './failure.ts';

/** Why a call failed. The codes are part of the public API; each dialect renders them in its own format. */
export type ErrorCode =
  | 'invalid_request'
  | 'invalid_api_key'
  | 'model_not_allowed'
  | 'address_not_allowed'
  | 'model_not_found'
  | 'not_found'
  | 'method_not_allowed'
  | 'upgrade_required'
  | 'request_too_large'
  | 'content_filter'
  | 'context_length_exceeded'
  | 'rate_limit_exceeded'
  | 'insufficient_quota'
  | 'budget_in_flight'
  | 'client_closed'
  | 'upstream_error'
  | 'upstream_timeout'
  | 'upstream_truncated'
  | 'not_cached'
  | 'no_healthy_target'
  | 'overloaded'
  | 'gateway_draining'
  | 'auth_unavailable'
  | 'limiter_unavailable'
  | 'budget_unavailable'
  | 'responses_unavailable'
  | 'internal_error';

/** HTTP status of each code. `client_closed` is never sent, because the client has disconnected. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_request: 400,
  content_filter: 400,
  context_length_exceeded: 400,
  invalid_api_key: 401,
  model_not_allowed: 403,
  address_not_allowed: 403,
  model_not_found: 404,
  not_found: 404,
  method_not_allowed: 405,
  upgrade_required: 426,
  request_too_large: 413,
  rate_limit_exceeded: 429,
  insufficient_quota: 429,
  budget_in_flight: 429,
  client_closed: 499,
  internal_error: 500,
  upstream_error: 502,
  upstream_truncated: 502,
  no_healthy_target: 503,
  overloaded: 503,
  gateway_draining: 503,
  auth_unavailable: 503,
  limiter_unavailable: 503,
  budget_unavailable: 503,
  responses_unavailable: 503,
  not_cached: 504,
  upstream_timeout: 504,
};

export interface ErrorDetails {
  /** The invalid field of the request, as a path (`messages[0].role`). */
  readonly param?: string;
  /** How long the caller should wait, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Set for an error that a provider caused. */
  readonly failure?: Failure;
  /** Members by which a client recognizes the error (Anthropic's `error.details`). */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The only error that a service throws. Its message is shown to the caller, so it must not contain an internal host, a stack or
 * a secret.
 */
export class LlmError extends Error {
  override readonly name = 'LlmError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly param: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly failure: Failure | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    // No stack trace: capturing one is 10 % of the cost of a refusal. `code` identifies the source; internal faults keep the
    // stack in `cause`.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.status = STATUS[code];
    this.param = details.param;
    this.retryAfterMs = details.retryAfterMs;
    this.failure = details.failure;
    this.details = details.details;
  }
}

/** Returns a thrown value as an `LlmError`. Any other value is an internal fault, and its text is not shown to the caller. */
export function asLlmError(thrown: unknown): LlmError {
  if (thrown instanceof LlmError) return thrown;
  return new LlmError('internal_error', 'The gateway failed to handle this call; the request id finds it in the log.', {
    cause: thrown,
  });
}
