import { type FailureKind, LlmError, type StreamOutcome, type Usage } from '@sluice/core';
import { failureInAnswer } from './failure-in-answer.ts';
import { errorCodes } from './failures/error-codes.ts';
import { errorMessage } from './failures/error-message.ts';
import { isObject, type Json, member } from './neutral/read-json.ts';

/**
 * Returns the error that a provider reports before or after a response has begun. @param data the event or the body that
 * reports it
 */
export function errorInStream(data: Json): LlmError {
  const failure = failureInAnswer(statusIn(data), JSON.stringify(data));
  const message = REQUEST_IS_TO_BLAME.has(failure.kind) ? errorMessage(errorIn(data)) : undefined;
  return new LlmError('upstream_truncated', message ?? 'The provider reported an error within the response.', {
    failure,
  });
}

/** Failure kinds with a message for the client. Messages of other kinds may name hosts or accounts. */
export const REQUEST_IS_TO_BLAME: ReadonlySet<FailureKind> = new Set([
  'invalid_request',
  'context_length',
  'content_refused',
  'model_unavailable',
]);

const errorIn = (data: Json): Json => {
  const error = member(data, 'error') ?? member(member(data, 'response'), 'error');
  if (error !== undefined && error !== null) return error;
  const choices = member(data, 'choices');
  const failed = Array.isArray(choices) ? choices.map((one) => member(one, 'error')).find(isObject) : undefined;
  return failed ?? data;
};

/** Returns how a stream ended. A stream that did not report its completion was truncated, however clean its end looks. */
export function outcomeOf(finished: boolean, error: LlmError | undefined, usage: Usage | undefined): StreamOutcome {
  if (error !== undefined) return { end: 'failed', error, usage };
  if (finished) return { end: 'finished', usage };
  const cut = new LlmError('upstream_truncated', 'The provider ended the stream before the answer was complete.', {
    failure: { kind: 'server_error' },
  });
  return { end: 'failed', error: cut, usage };
}

/**
 * Statuses of error codes. Sources: Anthropic's "Errors", Bedrock's ConverseStream, OpenAI's "Error codes", google.rpc.Code,
 * and the exceptions of vLLM.
 */
const CODES: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  validationException: 400,
  ValidationException: 400,
  BadRequestError: 400,
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  authentication_error: 401,
  invalid_api_key: 401,
  UNAUTHENTICATED: 401,
  billing_error: 402,
  permission_error: 403,
  PERMISSION_DENIED: 403,
  accessDeniedException: 403,
  AccessDeniedException: 403,
  not_found_error: 404,
  NOT_FOUND: 404,
  NotFoundError: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  RateLimitError: 429,
  RESOURCE_EXHAUSTED: 429,
  throttlingException: 429,
  ThrottlingException: 429,
  engine_overloaded_error: 429,
  serviceUnavailableException: 503,
  ServiceUnavailableException: 503,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
  timeout_error: 504,
  overloaded_error: 529,
};

/** Statuses that give no cause; the message may give one. */
const UNKNOWN_CAUSE: ReadonlySet<number> = new Set([500]);

function statusIn(data: Json): number | undefined {
  const error = errorIn(data);
  for (const name of ['code', 'status', 'status_code', 'type']) {
    const value = member(error, name);
    const number = typeof value === 'number' ? value : typeof value === 'string' && /^[45]\d\d$/.test(value) ? Number(value) : 0;
    if (number >= 400 && number < 600) return UNKNOWN_CAUSE.has(number) ? undefined : number;
  }
  const known = [...errorCodes(error), ...(error === data ? [] : errorCodes(data))].find((code) => Object.hasOwn(CODES, code));
  return known === undefined ? undefined : CODES[known];
}
