import { describe, expect, it } from '@jest/globals';
import { type LlmCall, unreadableMessage } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { requestDigest } from './request-digest.ts';

const message = { ...unreadableMessage(new Error('not read')), bytes: Buffer.from('{"model":"m"}') };
const chat: LlmCall = { ...openAiCall({}), message };
const embeddings: LlmCall = {
  ...chat,
  operation: 'embeddings',
  dialect: 'gemini',
  preferences: { cache: {}, tags: {}, optimizeFor: 'cost' },
  featureHeaders: ['x-feature', 'on'],
  sent: Buffer.from('{"sent":1}'),
  message: { ...message, address: '/v1beta/models/m:embedContent', bytes: Buffer.from('{"content":{}}') },
};

describe('requestDigest', () => {
  // the stored entries of earlier versions have these digests: a change loses them
  it.each<[what: string, covers: 'response' | 'request', call: LlmCall, digest: string]>([
    ['a chat for the cache', 'response', chat, '3.chat.openai-chat....VI9Y0cNscVtE8IY0cgdKl8RI1bjRgWS5Kt9VWSsSf4Y'],
    [
      'a chat for its Idempotency-Key',
      'request',
      chat,
      'PHgH0pESfWE73ndNeqibVk2E_o-1SLelGNiLtCAFjYk.VI9Y0cNscVtE8IY0cgdKl8RI1bjRgWS5Kt9VWSsSf4Y',
    ],
    [
      'a request with all parts for the cache',
      'response',
      embeddings,
      '3.embeddings.gemini.cost.05Z01pYfkSbyQi3y8YELb7l42oLfyVzwfsf92vGMr34.lU_RZUyzb9CxZ3rX4uMDBqSCBgJ8-ZPK1upWmlQ1GpI.RnTnQZanSaBz8hySrnhbNcbctEOyp23BxTz3GfYj4tc',
    ],
    [
      'a request with all parts for its Idempotency-Key',
      'request',
      embeddings,
      'CBYLEtClFPZ0pldnbsfIbgthxIJXgEi8IgwD1pwprtg.3OxJga_58gaucilR_qGujRfbpHM0vqnYK-8cMRnyx3A',
    ],
  ])('keeps the stored digest of %s', (_what, covers, call, digest) => {
    expect(requestDigest(call, covers)).toBe(digest);
  });

  it('ignores the strategy and the feature headers when it covers only the request', () => {
    const { preferences, featureHeaders } = embeddings;
    expect(requestDigest({ ...chat, preferences, featureHeaders }, 'request')).toBe(requestDigest(chat, 'request'));
    expect(requestDigest({ ...chat, preferences, featureHeaders }, 'response')).not.toBe(requestDigest(chat, 'response'));
  });
});
