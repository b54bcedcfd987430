import { describe, expect, it } from '@jest/globals';
import { LlmError } from '@sluice/core';
import { Redaction } from './redaction.ts';

const SIGNED =
  'AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261127/eu/bedrock/aws4_request, SignedHeaders=host, Signature=0123456789abcdef';

describe('Redaction', () => {
  const redaction = new Redaction(
    ['authorization', 'Bearer sk-provider-secret', 'x-api-key', 'another-secret', 'x-short', 'abc', 'authorization', SIGNED],
    ['https://vllm.internal:8000', 'http://10.1.2.3'],
  );

  it.each([
    ['Incorrect API key provided: sk-provider-secret.', 'Incorrect API key provided: [secret].'],
    ['got "Bearer sk-provider-secret" and another-secret', 'got "[secret]" and [secret]'],
    ['POST https://vllm.internal:8000/v1/chat failed', 'POST https://[provider]/v1/chat failed'],
    ['vllm.internal resolved to 10.1.2.3', '[provider] resolved to [provider]'],
    ['upstream 192.168.4.20:8443 and 172.20.0.3 failed', 'upstream [provider] and [provider] failed'],
    ['POST http://vllm:8000/v1, then http://[fd00::1]:80/', 'POST http://[provider]/v1, then http://[provider]/'],
    ['"http://db.prod.internal"; http://a.svc.cluster.local/x', '"http://[provider]"; http://[provider]/x'],
    ['release 10.2 of 172.40.1.1, see https://local.example.com', 'release 10.2 of 172.40.1.1, see https://local.example.com'],
    ['the key AKIAEXAMPLE and 0123456789abcdef', 'the key [secret] and [secret]'],
    ['abc is a short word; see https://docs.example.com', 'abc is a short word; see https://docs.example.com'],
  ])('redacts %j to %j', (text, expected) => {
    expect(redaction.text(text)).toBe(expected);
    expect(redaction.bytes(Buffer.from(text)).toString()).toBe(expected);
  });

  it('returns bytes and errors without secrets as the same objects', () => {
    const bytes = Buffer.from('{"error":"no"}');
    expect(redaction.bytes(bytes)).toBe(bytes);
    const error = new LlmError('upstream_error', 'no');
    expect(redaction.error(error)).toBe(error);
  });

  it('keeps the other members of a redacted error', () => {
    const error = new LlmError('invalid_request', 'sk-provider-secret', {
      param: 'x',
      retryAfterMs: 5,
      failure: { kind: 'invalid_request' },
    });
    expect(redaction.error(error)).toMatchObject({
      code: 'invalid_request',
      message: '[secret]',
      param: 'x',
      retryAfterMs: 5,
      failure: { kind: 'invalid_request' },
    });
  });
});
