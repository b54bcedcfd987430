import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-a-caller';

describe('an exceeded quota of Google', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    gateway = await startGateway({
      config: {
        providers: { google: { baseUrl: upstream.baseUrl, apiKey: 'k' } },
        keys: [{ name: 'caller', secret: KEY }],
      },
    });
  });
  afterAll(async () => {
    await gateway.close(0);
    await upstream.close();
  });

  it.each([false, true])('returns the delay in the body of a quota error to the caller (in a list: %s)', async (inList) => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '16.2s' }];
    const error = { error: { code: 429, message: 'Quota exceeded.', status: 'RESOURCE_EXHAUSTED', details } };
    upstream.answer(whole(JSON.stringify(inList ? [error] : error), 429));
    const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: `google/gemini-${inList ? 'a' : 'b'}`, messages: [{ role: 'user', content: 'x' }] }),
    });
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toBe('17');
  });
});
