import type { ServerResponse } from 'node:http';
import { type ErrorCode, type FailureKind, type LlmCall, LlmError, type WholeReply } from '@sluice/core';
import { messageOfBody } from '@sluice/dialects';
import { earlyHeaders } from './response-headers.ts';
import type { StreamWriter } from './stream-writer.ts';

/**
 * Begins the response of a stream before its answer, if the answer takes long: a proxy on the way closes a connection on which nothing arrives while a model
 * reasons. The call is not decided by then: it may still move to another provider, and a failure becomes the dialect's error event.
 *
 * @param afterMs how long the answer may take
 * @returns what ends it, to be called when there is an answer
 */
export function beginEarly(response: ServerResponse, call: LlmCall, stream: StreamWriter, afterMs: number): () => void {
  const timer = setInterval(() => {
    // a call that waits to be admitted is refused with a status
    if (call.facts.account.attempts === 0 || response.headersSent) return;
    clearInterval(timer);
    const view = call.message.view();
    if (!view.stream) return;
    const contentType = view.framing === 'json-array' ? 'application/json' : 'text/event-stream; charset=utf-8';
    response.writeHead(200, earlyHeaders(call, contentType, afterMs));
    stream.begin(call, contentType);
  }, afterMs);
  return () => clearInterval(timer);
}

const CODES: Partial<Record<FailureKind, ErrorCode>> = {
  context_length: 'context_length_exceeded',
  content_refused: 'content_filter',
  model_unavailable: 'model_not_found',
  rate_limited: 'rate_limit_exceeded',
};

/** The error of a whole answer where a stream has begun: a provider's refusal has no status any more. */
export function errorOfWhole({ status, failure, body }: WholeReply): LlmError {
  if (status < 400) return new LlmError('upstream_error', 'The provider sent a whole answer to a stream that has begun.');
  const message = messageOfBody(Buffer.from(body).toString('utf8')) ?? 'The provider refused the request.';
  const code = failure === undefined ? undefined : CODES[failure.kind];
  return new LlmError(code ?? 'invalid_request', message);
}
