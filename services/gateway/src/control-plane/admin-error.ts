import { STATUS_CODES } from 'node:http';
import { defined } from '@sluice/core';
import type { ErrorRequestHandler } from 'express';

/** An error response of the admin API. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly status: number;
  readonly code: string;
  /** The invalid field of the request. */
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    details: { readonly field?: string; readonly retryAfterMs?: number } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = details.field;
    this.retryAfterMs = details.retryAfterMs;
  }
}

export const notFound = (what: string): AdminError => new AdminError(404, 'not_found', `There is no ${what}.`);

export const invalid = (field: string, message: string): AdminError =>
  new AdminError(400, 'invalid_request', `${field}: ${message}`, { field });

/**
 * Converts any error to problem details (RFC 9457) with a documented `code` and the invalid `field`. An unexpected error is
 * reported to `onFault`, and its message is not sent to the client.
 */
export function adminErrors(onFault: (error: unknown) => void): ErrorRequestHandler {
  return (thrown: unknown, _request, response, _next) => {
    let refusal: AdminError;
    if (thrown instanceof AdminError) {
      refusal = thrown;
    } else if (isRequestFault(thrown)) {
      refusal =
        thrown instanceof URIError
          ? new AdminError(400, 'invalid_request', 'The path is not validly encoded.')
          : new AdminError(thrown.status, 'invalid_request', 'The body is not valid JSON, or is too large.');
    } else {
      onFault(thrown);
      refusal = new AdminError(503, 'store_unavailable', 'The store is unavailable. Try again.', { retryAfterMs: 1_000 });
    }
    const { status, code, field, message, retryAfterMs } = refusal;
    if (retryAfterMs !== undefined) response.setHeader('retry-after', Math.max(1, Math.ceil(retryAfterMs / 1_000)));
    response
      .status(status)
      .type('application/problem+json')
      .json({
        type: 'about:blank',
        title: STATUS_CODES[status],
        status,
        detail: message,
        code,
        ...defined({ field }),
      });
  };
}

/** Returns whether Express or express.json threw a client error. */
function isRequestFault(thrown: unknown): thrown is { status: number } {
  const status = (thrown as { status?: unknown } | undefined)?.status;
  return typeof status === 'number' && status >= 400 && status < 500;
}
