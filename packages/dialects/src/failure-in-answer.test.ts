import { describe, expect, it } from '@jest/globals';
import { failureInAnswer } from './failure-in-answer.ts';
import { errorInStream } from './stream-ends.ts';

describe('failureInAnswer', () => {
  it.each([
    [400, '{"error":{"code":"context_length_exceeded","message":"…"}}', 'context_length'],
    [400, '{"message":"This model\'s maximum context length is 4096 tokens."}', 'context_length'],
    [400, '{"type":"error","error":{"message":"prompt is too long: 210000 tokens > 200000 maximum"}}', 'context_length'],
    [400, '{"message":"Input is too long for requested model."}', 'context_length'],
    [
      400,
      '{"error":{"message":"The input token count (5) exceeds the maximum number of tokens allowed (4)."}}',
      'context_length',
    ],
    [400, '{"error":{"code":"content_filter"}}', 'content_refused'],
    [400, '{"error":{"message":"Output blocked by content filtering policy"}}', 'content_refused'],
    [400, '{"error":{"message":"messages is missing"}}', 'invalid_request'],
    [404, '{"error":{"message":"no such model"}}', 'invalid_request'],
    [401, '', 'auth'],
    [402, '', 'auth'],
    [403, '', 'auth'],
    [429, '{"error":{"code":"insufficient_quota"}}', 'auth'],
    [429, '{"error":{"code":"rate_limit_exceeded"}}', 'rate_limited'],
    [408, '', 'server_error'],
    [500, '', 'server_error'],
    [529, '{"error":{"type":"overloaded_error"}}', 'server_error'],
    [302, '', 'server_error'],
  ])('classifies the status %i with %s', (status, text, kind) => {
    expect(failureInAnswer(status, text)).toEqual({ kind, status });
  });

  it.each([
    [{ error: { message: 'x', code: 429 } }, { kind: 'rate_limited', status: 429 }],
    [
      { object: 'error', message: 'x', code: 400 },
      { kind: 'invalid_request', status: 400 },
    ],
    [
      { type: 'error', error: { type: 'overloaded_error' } },
      { kind: 'server_error', status: 529 },
    ],
    [
      { type: 'error', error: { type: 'rate_limit_error' } },
      { kind: 'rate_limited', status: 429 },
    ],
    [
      { type: 'response.failed', response: { error: { code: 'server_error' } } },
      { kind: 'server_error', status: 500 },
    ],
    [{ throttlingException: { message: 'x' } }, { kind: 'rate_limited', status: 429 }],
    [{ error: { code: '503', message: 'x' } }, { kind: 'server_error', status: 503 }],
    [{ error: 'something' }, { kind: 'server_error', status: 500 }],
  ])('classifies an error in a stream: %j', (data, failure) => {
    expect(errorInStream(data).failure).toEqual(failure);
  });
});

describe('quota details of Google', () => {
  const retry = (retryDelay: unknown) => ({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay });
  const quota = (quotaId: string) => ({ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaId }] });
  const info = (metadata: object) => ({
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason: 'RATE_LIMIT_EXCEEDED',
    metadata,
  });
  const error = (...details: object[]) => ({
    error: { code: 429, message: 'You exceeded your current quota.', status: 'RESOURCE_EXHAUSTED', details },
  });

  it.each<[details: object[], failure: object]>([
    [[retry('17s')], { kind: 'rate_limited', status: 429, retryAfterMs: 17_000 }],
    [[retry('1.5s')], { kind: 'rate_limited', status: 429, retryAfterMs: 1_500 }],
    [[retry({ seconds: 3 })], { kind: 'rate_limited', status: 429, retryAfterMs: 3_000 }],
    [[retry('86400s')], { kind: 'rate_limited', status: 429, retryAfterMs: 600_000 }],
    [[retry('soon')], { kind: 'rate_limited', status: 429 }],
    [
      [quota('GenerateRequestsPerMinutePerProjectPerModel'), retry('17s')],
      { kind: 'rate_limited', status: 429, retryAfterMs: 17_000 },
    ],
    [[quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier'), retry('17s')], { kind: 'auth', status: 429 }],
    [[info({ quota_unit: '1/d/{project}' })], { kind: 'auth', status: 429 }],
    [[info({ quota_limit: 'RequestsPerDay' })], { kind: 'auth', status: 429 }],
    [[info({ quota_unit: '1/min/{project}' })], { kind: 'rate_limited', status: 429 }],
  ])('reads quota details from a body, a list and a stream: %j', (details, failure) => {
    const body = error(...details);
    expect(failureInAnswer(429, JSON.stringify(body))).toEqual(failure);
    expect(failureInAnswer(429, JSON.stringify([body]))).toEqual(failure);
    expect(errorInStream(body).failure).toEqual(failure);
  });

  it('reads the retry delay from a message', () => {
    const waits = (message: string) => failureInAnswer(429, JSON.stringify({ error: { message } })).retryAfterMs;
    expect(waits('Rate limit reached for gpt-4o. Please try again in 1.242s. Visit …')).toBe(1_242);
    expect(waits('Please try again in 6m0.5s.')).toBe(360_500);
    expect(waits('Please retry in 20ms.')).toBe(20);
    expect(waits('Please try again in a moment.')).toBeUndefined();
  });
});

describe('status 429', () => {
  const tooLarge = (message: string) => failureInAnswer(429, JSON.stringify({ error: { message } })).tooLarge;

  it.each([
    'Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 60000.',
    'Rate limit reached for model x on tokens per minute (TPM): Limit 6000, Used 0, Requested 7000.',
  ])('attributes a 429 to the size of the call for %j', (message) => {
    expect(tooLarge(message)).toBe(true);
  });

  it.each(['Rate limit reached on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000.', 'Too many requests.'])(
    'attributes a 429 to the rate of all calls for %j',
    (message) => {
      expect(tooLarge(message)).toBeUndefined();
    },
  );
});
