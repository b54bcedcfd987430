/**
 * Why a provider failed a call. It decides which target is tried next.
 *
 * - `connect_error`: no connection, or a connection that broke before the response began
 * - `timeout`: the provider accepted the request and sent no response before the deadline
 * - `server_error`: 5xx, 408, or an invalid response
 * - `rate_limited`: the provider is rate limited
 * - `auth`: the provider refuses our credentials, or our account has no credit
 * - `context_length`: the prompt is too long for this model
 * - `content_refused`: the provider refuses to respond to this prompt
 * - `model_unavailable`: the model does not exist, is retired, or is not offered to our account
 * - `invalid_request`: the request is invalid
 * - `concurrency_limit`: the concurrency limit of our own configuration for this provider is reached
 */
export type FailureKind =
  | 'connect_error'
  | 'timeout'
  | 'server_error'
  | 'rate_limited'
  | 'auth'
  | 'context_length'
  | 'content_refused'
  | 'model_unavailable'
  | 'invalid_request'
  | 'concurrency_limit';

/** How a provider failed a call before its response began. */
export interface Failure {
  readonly kind: FailureKind;
  /** The HTTP status, if there was a response. */
  readonly status?: number;
  /** Cooldown that the provider requests, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The call exceeds what the provider allows at any time. Smaller calls may still succeed. */
  readonly tooLarge?: true;
  /** Whether a retry may help, as reported by the provider (`x-should-retry`). */
  readonly shouldRetry?: boolean;
}
