import type { ErrorRequestHandler } from 'express';

/** A refusal of the admin API. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly status: number;
  readonly code: string;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, code: string, message: string, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Any error as `{"error": {code, message}}`; what is not a refusal is told to `onFault`, and its text stays inside. */
export function adminErrors(onFault: (error: unknown) => void): ErrorRequestHandler {
  return (thrown: unknown, _request, response, _next) => {
    let refusal: AdminError;
    if (thrown instanceof AdminError) {
      refusal = thrown;
    } else if (isBodyFault(thrown)) {
      refusal = new AdminError(thrown.status, 'invalid_request', 'The body could not be read as JSON.');
    } else {
      onFault(thrown);
      refusal = new AdminError(503, 'store_unavailable', 'The store did not answer; try again.', 1_000);
    }
    if (refusal.retryAfterMs !== undefined)
      response.setHeader('retry-after', Math.max(1, Math.ceil(refusal.retryAfterMs / 1_000)));
    response.status(refusal.status).json({ error: { code: refusal.code, message: refusal.message } });
  };
}

/** What express.json refuses with. */
function isBodyFault(thrown: unknown): thrown is { status: number } {
  const status = (thrown as { status?: unknown } | undefined)?.status;
  return typeof status === 'number' && status >= 400 && status < 500;
}
