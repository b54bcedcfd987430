import { describe, expect, it } from '@jest/globals';
import { compose, type LlmCall, LlmError, unreadableMessage } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { answer, scripted } from '../../../test/support/balanced-targets.ts';
import { authentication, staticKeys } from './authentication.ts';
import { requestBody } from './request-body.ts';

const complete = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] });

function setUp(receive: NonNullable<LlmCall['receive']>, credential: string) {
  const seen: LlmCall['message'][] = [];
  const next = scripted(answer());
  const last = {
    complete(call: LlmCall) {
      seen.push(call.message);
      return next.complete(call);
    },
  };
  const keys = staticKeys({ 'the-key': { tenant: 't', keyName: 'k', limits: {} } });
  const service = compose([authentication(keys), requestBody], last);
  const message = unreadableMessage(new LlmError('internal_error', 'not received yet'));
  return { seen, complete: () => service.complete({ ...complete, credential, message, receive }) };
}

describe('requestBody', () => {
  it('receives the body once for a valid key and passes the message on', async () => {
    let received = 0;
    const { seen, complete: ask } = setUp(async () => {
      received++;
      return complete.message;
    }, 'the-key');
    await ask();
    expect([received, seen]).toEqual([1, [complete.message]]);
  });

  it('does not receive the body of a call without a valid key', async () => {
    let received = 0;
    const { seen, complete: ask } = setUp(async () => {
      received++;
      return complete.message;
    }, 'another');
    await expect(ask()).rejects.toMatchObject({ code: 'invalid_api_key' });
    expect([received, seen]).toEqual([0, []]);
  });

  it('rejects with the error of a body that cannot be received', async () => {
    const { seen, complete: ask } = setUp(() => Promise.reject(new LlmError('request_too_large', 'too long')), 'the-key');
    await expect(ask()).rejects.toMatchObject({ code: 'request_too_large' });
    expect(seen).toEqual([]);
  });
});
