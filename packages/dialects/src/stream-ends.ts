import { type FailureKind, LlmError, type StreamOutcome, type Usage } from '@sluice/core';
import { failureInAnswer } from './failure-in-answer.ts';
import { asString, isObject, type Json, member } from './neutral/read-json.ts';

/** The provider told an error where an answer was under way, or was to begin. @param data the event's, or what is known of it */
export function errorInStream(data: Json): LlmError {
  const failure = failureInAnswer(statusIn(data), JSON.stringify(data));
  const words = REQUEST_IS_TO_BLAME.has(failure.kind) ? asString(member(errorIn(data), 'message')) : undefined;
  return new LlmError('upstream_truncated', words ?? 'The provider reported an error in the middle of the answer.', { failure });
}

/** Only then are its words for the caller; others may name what is none of its business. */
const REQUEST_IS_TO_BLAME: ReadonlySet<FailureKind> = new Set(['rejected', 'context_length', 'content_refused']);

const errorIn = (data: Json): Json => member(data, 'error') ?? member(member(data, 'response'), 'error') ?? data;

/** How a stream ended, now that no more bytes will come: one that did not say that it is complete was cut, however clean its end looks. */
export function outcomeOf(finished: boolean, error: LlmError | undefined, usage: Usage | undefined): StreamOutcome {
  const told = usage === undefined ? {} : { usage };
  if (error !== undefined) return { end: 'failed', error, ...told };
  if (finished) return { end: 'finished', ...told };
  const cut = new LlmError('upstream_truncated', 'The provider ended the stream before the answer was complete.', {
    failure: { kind: 'unavailable' },
  });
  return { end: 'failed', error: cut, ...told };
}

/** What the types of errors in streams are as a status. Sources: Anthropic's "Errors", Bedrock's ConverseStream, OpenAI's "Error codes". */
const TYPES: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  validationException: 400,
  authentication_error: 401,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  throttlingException: 429,
  api_error: 500,
  server_error: 500,
  internalServerException: 500,
  serviceUnavailableException: 503,
  overloaded_error: 529,
};

function statusIn(data: Json): number {
  if (!isObject(data)) return 500;
  const error = errorIn(data);
  for (const name of ['code', 'status', 'type']) {
    const value = member(error, name);
    if (typeof value === 'number' && value >= 400 && value < 600) return value;
    const text = asString(value);
    const known = text === undefined ? undefined : (TYPES[text] ?? (/^[45]\d\d$/.test(text) ? Number(text) : undefined));
    if (known !== undefined) return known;
  }
  const exception = Object.keys(data).find((key) => TYPES[key] !== undefined);
  return exception === undefined ? 500 : (TYPES[exception] as number);
}
