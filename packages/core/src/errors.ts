import { ERROR_CODES, type ErrorCode } from './error-codes.ts';
import type { Failure } from './failure.ts';

export interface ErrorDetails {
  /** The invalid field of the request, as a path (`messages[0].role`). */
  readonly param?: string | undefined;
  /** How long the caller should wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Set for an error that a provider caused. */
  readonly failure?: Failure | undefined;
  /** Members by which a client recognizes the error (Anthropic's `error.details`). */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
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
    this.status = ERROR_CODES[code].status;
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
