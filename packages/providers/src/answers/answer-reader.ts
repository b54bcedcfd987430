import { type ErrorCode, LlmError, type WholeReply } from '@sluice/core';
import { type Dialect, isObject, type JsonObject, parseJson, type StreamWatcher } from '@sluice/dialects';

/** How an answer that comes piece by piece is followed. */
export interface FollowedStream {
  readonly watcher: StreamWatcher;
  readonly contentType: string;
  /** Nobody looks at its bytes, so that nobody knows when its content begins. */
  readonly unread?: boolean;
}

/** What is made of a provider's answer. */
export interface AnswerReader {
  /** What follows an answer that comes piece by piece; undefined for one that is waited for. */
  stream(status: number, contentType: string): FollowedStream | undefined;
  /** @throws LlmError `upstream_error` for a 200 that is no answer: a client would only find out by failing itself */
  whole(head: WholeReply): WholeReply;
  /** A provider's refusal of the request. */
  refusal(head: WholeReply): WholeReply;
}

/** A whole answer's body. @throws LlmError `upstream_error` */
export function objectOf(head: WholeReply): JsonObject {
  const value = parseJson(Buffer.from(head.body).toString('utf8'));
  if (!isObject(value))
    throw new LlmError('upstream_error', 'The provider sent an answer that is not JSON.', {
      failure: { kind: 'unavailable', status: head.status },
    });
  return value;
}

/** What a provider's refusals are to a caller of another dialect. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  404: 'model_not_found',
  413: 'request_too_large',
  429: 'rate_limit_exceeded',
};

/** A refusal in the caller's dialect, with the provider's status and words. */
export function refusalIn(caller: Dialect, head: WholeReply, messageOf: (body: JsonObject) => string | undefined): WholeReply {
  const value = parseJson(Buffer.from(head.body).toString('utf8'));
  const message = (isObject(value) ? messageOf(value) : undefined) ?? 'The provider refused the request.';
  const error = new LlmError(CODES[head.status] ?? 'invalid_request', message);
  return { ...head, contentType: 'application/json', body: Buffer.from(caller.renderError(error)) };
}

/** What a provider's answer says, or that it is none: what makes no sense in it is its fault, not the caller's. @throws LlmError `upstream_error` */
export function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new LlmError('upstream_error', 'The provider sent an answer that makes no sense.', {
      cause,
      failure: { kind: 'unavailable' },
    });
  }
}
