import type { ServerResponse } from 'node:http';
import { type ErrorCode, errorTexts, type FailureKind, type LlmCall, LlmError, type WholeReply } from '@sluice/core';
import { messageOfBody } from '@sluice/dialects';
import { earlyHeaders } from './response-headers.ts';
import type { StreamWriter } from './stream-writer.ts';

/**
 * Begins the response of a stream before the provider's response if that takes long. Otherwise a proxy closes the connection,
 * on which nothing arrives while a model reasons. The call may still move to another provider afterwards, and a failure becomes
 * the dialect's error event.
 *
 * @param afterMs time without a response after which the stream begins
 * @returns a function that cancels this, to be called when the reply arrives
 */
export function beginEarly(response: ServerResponse, call: LlmCall, stream: StreamWriter, afterMs: number): () => void {
  const timer = setInterval(() => {
    // a call that still waits for admission is refused with a status
    if (call.context.account.attempts === 0 || response.headersSent) return;
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

/**
 * Returns the stream error for a whole reply after the stream has begun: a provider's error response can no longer set the
 * status.
 */
export function errorOfWhole({ status, failure, body }: WholeReply): LlmError {
  if (status < 400) return new LlmError('upstream_error', errorTexts.wholeAnswerToStream);
  const message = messageOfBody(Buffer.from(body).toString('utf8')) ?? errorTexts.refusedByProvider;
  const code = failure === undefined ? undefined : CODES[failure.kind];
  return new LlmError(code ?? 'invalid_request', message);
}
