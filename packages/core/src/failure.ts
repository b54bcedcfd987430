/**
 * Why a provider did not answer. What is tried next goes by it.
 *
 * - `unreachable`: no connection, or one that broke before the answer began
 * - `silent`: it took the request, and did not begin to answer in time
 * - `unavailable`: it failed by itself (5xx, 408, an answer that is none)
 * - `rate_limited`: it wants to be asked later
 * - `credentials`: it does not take ours, or our account is empty
 * - `context_length`: the prompt is too long for this model
 * - `content_refused`: it does not want to say anything to this prompt
 * - `model_unavailable`: it does not have the model, has retired it, or does not offer it to our account
 * - `rejected`: the request is wrong
 * - `busy`: all places that it has by our own configuration are taken
 */
export type FailureKind =
  | 'unreachable'
  | 'silent'
  | 'unavailable'
  | 'rate_limited'
  | 'credentials'
  | 'context_length'
  | 'content_refused'
  | 'model_unavailable'
  | 'rejected'
  | 'busy';

/** How a provider failed a call, before it began to answer. */
export interface Failure {
  readonly kind: FailureKind;
  /** The HTTP status, where there was one. */
  readonly status?: number;
  /** How long it wants to be left alone, in milliseconds. */
  readonly retryAfterMs?: number;
  /** It is asked for more at once than it ever allows: the call is too large, and others may not be. */
  readonly tooLarge?: true;
  /** Its own word on whether the same again may help (`x-should-retry`). */
  readonly shouldRetry?: boolean;
}
