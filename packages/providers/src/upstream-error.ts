import { type ErrorCode, errorTexts, type Failure, type FailureKind, LlmError } from '@sluice/core';

/** The caller's error code for each kind of failure, if no further attempt is made. */
const CODES: Readonly<Record<FailureKind, ErrorCode>> = {
  connect_error: 'upstream_error',
  timeout: 'upstream_timeout',
  server_error: 'upstream_error',
  rate_limited: 'rate_limit_exceeded',
  auth: 'upstream_error',
  context_length: 'context_length_exceeded',
  content_refused: 'content_filter',
  model_unavailable: 'model_not_found',
  invalid_request: 'invalid_request',
  concurrency_limit: 'overloaded',
};

/** Returns the error for a provider's failure. @param message text without a host, an address or a key */
export function upstreamError(failure: Failure, message: string, cause?: unknown): LlmError {
  const { kind, retryAfterMs } = failure;
  return new LlmError(CODES[kind], message, { failure, retryAfterMs, cause });
}

const TIMEOUTS = new Set(['UND_ERR_BODY_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT']);

/** Returns the error for a connection that failed before an answer began. @param thrown error of undici or of its sockets */
export function brokenBefore(provider: string, thrown: Error): LlmError {
  const code = (thrown as { code?: string }).code ?? '';
  if (TIMEOUTS.has(code)) return upstreamError({ kind: 'timeout' }, errorTexts.providerStopped(provider), thrown);
  // A connection timeout fails like a refused connection, but the caller waited as for a timeout, so the code is the timeout's.
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    const failure = { kind: 'connect_error' } as const;
    return new LlmError('upstream_timeout', errorTexts.providerUnreachableInTime(provider), { failure, cause: thrown });
  }
  return upstreamError({ kind: 'connect_error' }, errorTexts.providerUnreachable(provider), thrown);
}

/** Returns the error for a connection that failed in the middle of a stream. */
export function brokenAmid(provider: string, thrown: Error): LlmError {
  const code = (thrown as { code?: string }).code ?? '';
  if (TIMEOUTS.has(code)) {
    return new LlmError('upstream_timeout', errorTexts.providerStopped(provider), {
      failure: { kind: 'timeout' },
      cause: thrown,
    });
  }
  return new LlmError('upstream_truncated', errorTexts.connectionBroke(provider), {
    failure: { kind: 'server_error' },
    cause: thrown,
  });
}
