import type { Failure, LlmError, LlmReply } from '@sluice/core';
import { errorTexts } from '@sluice/core';
import { failureInAnswer, REQUEST_IS_TO_BLAME } from '@sluice/dialects';
import type { AnswerHead } from './answer-head.ts';
import type { ExchangeOptions } from './exchange-options.ts';
import type { Redaction } from './redaction.ts';
import { upstreamError } from './upstream-error.ts';

/** Bytes of a refusal that are searched for its reason. */
const REFUSAL_BYTES = 16 * 1024;

/** Returns the reply for a complete answer. @throws LlmError if it is a failure */
export function wholeAnswer(
  { provider, answer, passedHeaders }: Pick<ExchangeOptions, 'provider' | 'answer' | 'passedHeaders'>,
  head: AnswerHead,
  body: Buffer,
  redaction: () => Redaction,
): LlmReply {
  const { status, contentType } = head;
  const reply = { status, contentType, headers: head.passed(passedHeaders), body };
  if (head.succeeded) return answer.whole({ ...reply, status: 200 });
  const text = body.subarray(0, REFUSAL_BYTES).toString('utf8');
  const failure = { ...failureInAnswer(status, text), ...head.retryHints() };
  const shown = refusalStatus(failure);
  if (shown === undefined) throw upstreamError(failure, errorTexts.providerFailed(provider, status));
  const refusal = answer.refusal({ ...reply, status: shown, failure, body: redaction().bytes(body) });
  return { ...refusal, headers: withRetryAfter(refusal.headers, failure), failure };
}

/** Adds a `retry-after` header for a delay in the body, for clients that read only headers. */
function withRetryAfter(
  headers: Readonly<Record<string, string>>,
  { kind, retryAfterMs }: Failure,
): Readonly<Record<string, string>> {
  if (kind !== 'rate_limited' || retryAfterMs === undefined || headers['retry-after'] !== undefined) return headers;
  return { ...headers, 'retry-after': `${Math.max(1, Math.ceil(retryAfterMs / 1_000))}` };
}

/** Returns the error of an attempt that failed before its first content. */
export function failedBeforeContent(
  provider: string,
  head: AnswerHead,
  error: LlmError | undefined,
  redaction: () => Redaction,
): LlmError {
  const failure = error?.failure ?? { kind: 'server_error' };
  const message = error !== undefined && REQUEST_IS_TO_BLAME.has(failure.kind) ? redaction().text(error.message) : undefined;
  const text = failure.kind === 'rate_limited' ? errorTexts.providerRateLimited : errorTexts.providerFailedEarly;
  return upstreamError({ ...failure, ...head.retryHints() }, message ?? text(provider));
}

/**
 * Returns the client's status for a provider's refusal. Undefined for a refusal that the client must not see: refusals of the
 * request are visible, refusals of the gateway's credentials are not.
 */
function refusalStatus({ kind, status = 500 }: Failure): number | undefined {
  if (kind === 'auth') return undefined;
  if (status >= 500) return kind === 'context_length' || kind === 'content_refused' ? 400 : undefined;
  if (status < 400) return undefined;
  const ours = status === 401 || status === 402 || status === 403 || status === 407;
  return ours && kind !== 'content_refused' ? undefined : status;
}
