import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { connectRealtime, openSession, RealtimeClient, refusedSession } from '../support/realtime-client.ts';
import { type RealtimeStage, startRealtimeStage } from '../support/realtime-stage.ts';

const MODEL = 'openai/gpt-realtime';
const PRICE = { input: 4, output: 16, audioInput: 32, audioOutput: 64, cachedInput: 0.4 };

describe('disabled realtime sessions', () => {
  it('refuses sessions with 404 when they are disabled, and leaves no connection open', async () => {
    const stage = await startRealtimeStage({ keys: [{ name: 'k', secret: 'key-free' }], realtime: { enabled: false } });
    try {
      const path = `/v1/realtime?model=${encodeURIComponent(MODEL)}`;
      const answer = await refusedSession(stage.gateway.url, path, { headers: { authorization: 'Bearer key-free' } });
      expect(answer).toMatchObject({
        status: 404,
        body: { error: { code: 'not_found', message: expect.stringContaining('disabled') } },
      });
      expect((await fetch(stage.gateway.url + path)).status).toBe(404);
    } finally {
      await stage.close();
    }
  });
});

describe('limits of realtime sessions', () => {
  let stage: RealtimeStage;
  const url = (): string => stage.gateway.url;
  beforeAll(async () => {
    stage = await startRealtimeStage({
      keys: [
        { name: 'free', secret: 'key-free' },
        { name: 'one-model', secret: 'key-one-model', models: ['other'] },
        { name: 'chat-only', secret: 'key-chat-only', routes: ['/v1/chat/*'] },
        { name: 'tokens', secret: 'key-tokens', limits: { tokens: '150/h' } },
        { name: 'budget', secret: 'key-budget', limits: {}, budget: '0.03 USD/month' },
        { name: 'requests', secret: 'key-requests', limits: { requests: '1/h' } },
        { name: 'concurrent', secret: 'key-concurrent', limits: { concurrent: 1 } },
        { name: 'priced-only', secret: 'key-priced-only', limits: { unpriced: 'refuse' } },
        { name: 'expired', secret: 'key-expired', expiresAt: '2020-01-01T00:00:00Z' },
      ],
      models: {
        other: { targets: [{ provider: 'openai', model: 'gpt-realtime' }] },
        priced: { targets: [{ provider: 'openai', model: 'gpt-realtime', price: PRICE }] },
        words: { targets: [{ provider: 'google', model: 'gemini-live' }] },
      },
    });
  });
  afterAll(() => stage.close());

  const refused = (key: string, model = MODEL) =>
    refusedSession(url(), `/v1/realtime?model=${encodeURIComponent(model)}`, { headers: { authorization: `Bearer ${key}` } });

  it.each([
    ['an unknown key', 'key-unknown', MODEL, 401, 'invalid_api_key'],
    ['an expired key', 'key-expired', MODEL, 401, 'invalid_api_key'],
    ['a model that the key may not use', 'key-one-model', MODEL, 403, 'model_not_allowed'],
    ['a route that the key may not use', 'key-chat-only', MODEL, 403, 'model_not_allowed'],
    ['a model without a price, for a key that needs one', 'key-priced-only', MODEL, 403, 'model_not_allowed'],
    ['a model that does not exist', 'key-free', 'nothing', 404, 'model_not_found'],
    ['a model without realtime sessions', 'key-free', 'words', 400, 'invalid_request'],
    ["a provider's refusal", 'key-free', 'openai/gpt-realtime+status=400', 400, 'simulated'],
    ["a provider's refusal of our key", 'key-free', 'openai/gpt-realtime+status=401', 502, 'upstream_error'],
    ["a provider's failure", 'key-free', 'openai/gpt-realtime+status=500', 502, 'upstream_error'],
    ["a provider's rate limit", 'key-free', 'openai/gpt-realtime+status=429+retry-after=7', 429, 'simulated'],
    ['a provider that resets the connection', 'key-free', 'openai/gpt-realtime+fault=reset-before', 502, 'upstream_error'],
  ])('refuses the handshake with a status and a JSON error for %s', async (_what, key, model, status, code) => {
    const answer = await refused(key, model);
    expect([answer.status, answer.body['error']?.['code']]).toEqual([status, code]);
    expect(answer.headers['x-request-id']).toEqual(expect.any(String));
  });

  it('refuses a request without a WebSocket with 426, in the dialect of the route', async () => {
    const openai = await fetch(`${url()}/v1/realtime?model=x`);
    expect([openai.status, openai.headers.get('upgrade')]).toEqual([426, 'websocket']);
    expect(await openai.json()).toMatchObject({ error: { code: 'upgrade_required', type: 'invalid_request_error' } });
    const live = await fetch(
      `${url()}/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=key-free`,
    );
    expect(live.status).toBe(426);
    expect(await live.json()).toMatchObject({ error: { code: 426, status: expect.any(String) } });
  });

  it.each(['client_secrets', 'sessions', 'transcription_sessions'])(
    'refuses to create client secrets of a provider: %s',
    async (path) => {
      const answer = await fetch(`${url()}/v1/realtime/${path}`, {
        method: 'POST',
        headers: { authorization: 'Bearer key-free', 'content-type': 'application/json' },
        body: '{}',
      });
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ error: { message: expect.stringContaining('client secret') } });
    },
  );

  it('ends a session when the tokens of its key are used up, after an event with the reason', async () => {
    const client = await openSession(url(), MODEL, 'key-tokens');
    await client.respond();
    await client.respond();
    expect(await client.event('error')).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
    expect(await client.end()).toMatchObject({ code: 1008, reason: expect.stringMatching(/^rate_limit_exceeded/) });
    expect(await refused('key-tokens')).toMatchObject({ status: 429, headers: { 'retry-after': expect.any(String) } });
  });

  it('ends a session when its budget pays for no further turn', async () => {
    const client = await openSession(url(), 'priced', 'key-budget');
    let turns = 0;
    while (client.closed === undefined && turns < 20) {
      client.send({ type: 'response.create' });
      await waitFor(
        () => client.closed !== undefined || client.events.filter(({ type }) => type === 'response.done').length > turns,
        'a turn',
      );
      turns++;
    }
    expect(client.closed).toMatchObject({ code: 1008, reason: expect.stringMatching(/^(insufficient_quota|budget)/) });
    // 0.0032144 USD each: the budget pays for nine, and a tenth response may have begun before the session was closed
    const done = client.events.filter(({ type }) => type === 'response.done').length;
    expect([9, 10]).toContain(done);
  });

  it('counts a session as one request', async () => {
    const client = await openSession(url(), MODEL, 'key-requests');
    await client.respond();
    expect(await refused('key-requests')).toMatchObject({ status: 429 });
    await client.close();
  });

  it('holds a permit for a concurrent call during the whole session', async () => {
    const client = await openSession(url(), MODEL, 'key-concurrent');
    expect(await refused('key-concurrent')).toMatchObject({ status: 429 });
    await client.close();
    await waitFor(async () => {
      const next = await connectRealtime(url(), `/v1/realtime?model=${encodeURIComponent(MODEL)}`, {
        headers: { authorization: 'Bearer key-concurrent' },
      });
      if (next instanceof RealtimeClient) await next.close();
      return next instanceof RealtimeClient;
    }, 'the slot to be free');
  });

  it('closes a Live session with the reason when its first message names a refused model', async () => {
    const path = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=';
    const client = (await connectRealtime(url(), `${path}key-one-model`)) as RealtimeClient;
    client.send({ setup: { model: 'models/words' } });
    expect(await client.end()).toMatchObject({ code: 1008, reason: expect.stringMatching(/^model_not_allowed/) });
    const first = (await connectRealtime(url(), `${path}key-free`)) as RealtimeClient;
    first.send({ clientContent: {} });
    expect(await first.end()).toMatchObject({ code: 1008, reason: expect.stringContaining('setup') });
    expect(await refusedSession(url(), `${path}key-unknown`, {})).toMatchObject({ status: 401 });
  });

  it('marks a session whose model has no price', async () => {
    const before = await stage.figure('sluice_unpriced_calls_total');
    const client = await openSession(url(), MODEL, 'key-free');
    await client.respond();
    await client.close();
    await waitFor(async () => (await stage.figure('sluice_unpriced_calls_total')) === before + 1, 'the figure');
  });
});
