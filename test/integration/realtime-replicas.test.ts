import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { START_TIMEOUT_MS, waitFor } from '@sluice/core/testing';
import { connectRealtime, openSession, RealtimeClient, refusedSession } from '../support/realtime-client.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

const MODEL = 'openai/gpt-realtime';

describe('realtime sessions of several replicas', () => {
  let replicas: Replicas;
  beforeAll(async () => {
    replicas = await startGateway({
      replicas: 2,
      config: (baseUrl) => ({
        providers: { openai: { baseUrl, apiKey: 'sk-of-the-provider' } },
        keys: [
          { name: 'two', secret: 'key-two', limits: { concurrent: 2 } },
          { name: 'tokens', secret: 'key-tokens', limits: { tokens: '250/h' } },
        ],
      }),
    });
  }, START_TIMEOUT_MS);
  afterAll(() => replicas.stop(), 60_000);

  const url = (n: number): string => replicas.gateways[n]?.url ?? '';
  const path = `/v1/realtime?model=${encodeURIComponent(MODEL)}`;
  const headers = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

  it('shares the limit of concurrent calls between replicas, and frees the permit when a session ends', async () => {
    const sessions = [await openSession(url(0), MODEL, 'key-two'), await openSession(url(1), MODEL, 'key-two')];
    for (const n of [0, 1]) expect(await refusedSession(url(n), path, headers('key-two'))).toMatchObject({ status: 429 });
    await sessions[0]?.close();
    await waitFor(async () => {
      const next = await connectRealtime(url(1), path, headers('key-two'));
      if (next instanceof RealtimeClient) sessions.push(next);
      return next instanceof RealtimeClient;
    }, 'the slot to be free');
    for (const session of sessions.slice(1)) await session.close();
  });

  it('shares a limit of tokens between replicas during their sessions', async () => {
    const [first, second] = [await openSession(url(0), MODEL, 'key-tokens'), await openSession(url(1), MODEL, 'key-tokens')];
    await first.respond();
    await second.respond();
    // 200 of 250 tokens are used: the next response is the last of each session
    await first.respond();
    expect(await first.end()).toMatchObject({ code: 1008, reason: expect.stringMatching(/^rate_limit_exceeded/) });
    // the reservation for a further turn was made before the limit was reached, or the limit refused it
    second.send({ type: 'response.create' });
    expect(await second.end()).toMatchObject({ code: 1008 });
  });
});
