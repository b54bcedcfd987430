import { bufferOf, type ErrorCode, errorTexts, type FailureKind, LlmError, type LlmReply, type WholeReply } from '@sluice/core';
import { type Dialect, isObject, type JsonObject, messageOfBody, parseJson, type StreamObserver } from '@sluice/dialects';
import type { BodyKind } from './body-kind.ts';

/** The observer of a streamed answer. */
export interface FollowedStream {
  readonly observer: StreamObserver;
  readonly contentType: string;
  /** Its bytes pass unparsed, so the gateway does not know when its content begins. */
  readonly unread?: boolean;
}

/** Converts a provider's answer into a reply. */
export interface AnswerReader {
  /** Whether its bytes pass unparsed from the headers on. */
  readonly unread?: boolean;
  /**
   * Returns the observer of a streamed answer; undefined for an answer that is collected first. @param kind kind of the body by
   * its first bytes
   */
  stream(contentType: string, kind: BodyKind): FollowedStream | undefined;
  /**
   * Converts a complete answer. @throws LlmError `upstream_error` or `upstream_truncated` for a 200 without an answer, which
   * would break the client
   */
  whole(head: WholeReply): LlmReply;
  /** Converts a provider's refusal of the request. */
  refusal(head: WholeReply): WholeReply;
}

/** Parses the body of a complete answer. @throws LlmError `upstream_error` */
export function objectOf(head: WholeReply): JsonObject {
  const value = parseJson(bufferOf(head.body).toString('utf8'));
  if (isObject(value)) return value;
  // Google's APIs send a list for a streamed request, and put errors into a list too
  if (Array.isArray(value) && value.length === 1 && isObject(value[0])) return value[0];
  throw noAnswer(errorTexts.answerNotJson);
}

/** Returns the error for a body that is not an answer. */
export const noAnswer = (message: string): LlmError =>
  new LlmError('upstream_error', message, { failure: { kind: 'server_error', status: 200 } });

/** Corrects the content type of a JSON body: SDKs parse no other type. */
export const jsonType = (contentType: string): string =>
  /^application\/(?:[\w.-]+\+)?json\b/.test(contentType) ? contentType : 'application/json';

/** Error codes for a provider's refusals, by status, for a caller of another dialect. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  404: 'model_not_found',
  413: 'request_too_large',
  429: 'rate_limit_exceeded',
};

/** Error codes by the kind of failure. Agents compact a conversation after `context_length_exceeded`. */
const KINDS: Partial<Record<FailureKind, ErrorCode>> = {
  context_length: 'context_length_exceeded',
  content_refused: 'content_filter',
  model_unavailable: 'model_not_found',
};

/** Renders a refusal in the caller's dialect, with the provider's status and message. */
export function refusalIn(caller: Dialect, head: WholeReply): WholeReply {
  const message = messageOfBody(bufferOf(head.body).toString('utf8')) ?? errorTexts.refusedByProvider;
  const kind = head.failure?.kind;
  const refused = kind === 'content_refused';
  const code = (kind === undefined ? undefined : KINDS[kind]) ?? CODES[head.status] ?? 'invalid_request';
  const error = new LlmError(code, message);
  // callers of other dialects treat a 403 as an error of their key
  const status = refused && head.status === 403 ? error.status : head.status;
  return { ...head, status, contentType: 'application/json', body: Buffer.from(caller.renderError(error)) };
}

/** Corrects the content type of a refusal for a caller of the provider's own dialect. */
export function ownRefusal(head: WholeReply): WholeReply {
  const json = parseJson(bufferOf(head.body).toString('utf8')) !== undefined;
  return json ? { ...head, contentType: jsonType(head.contentType) } : head;
}

/**
 * Parses a provider's answer. An unparsable answer is the provider's fault, not the caller's. @throws LlmError `upstream_error`
 */
export function parseAnswer<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof LlmError && cause.failure !== undefined) throw cause;
    throw new LlmError('upstream_error', errorTexts.answerNotParsable, {
      cause,
      failure: { kind: 'server_error' },
    });
  }
}
