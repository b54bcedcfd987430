import { GoogleGenAI, type LiveServerMessage, Modality } from '@google/genai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import type { Gateway } from '@sluice/gateway';
import { type RunningSimulator, startSimulator } from '@sluice/simulator';
import OpenAI, { AzureOpenAI } from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { connectRealtime, openSession, type RealtimeClient } from '../support/realtime-client.ts';
import { startGateway } from '../support/start-gateway.ts';
import { startTlsFront, type TlsFront } from './tls-front.ts';

const KEY = 'key-of-the-sessions';
const PRICE = { input: 4, output: 16, cachedInput: 0.4, audioInput: 32, audioOutput: 64 };
/** Cost of a response of the simulator: (60 − 16 − 34) × 4 + 16 × 0.4 + 34 × 32 + 10 × 16 + 30 × 64, per million. */
const TURN_USD = 0.0032144;

describe('realtime sessions', () => {
  let simulator: RunningSimulator;
  let gateway: Gateway;
  /** The OpenAI clients connect only over TLS. */
  let front: TlsFront;
  beforeAll(async () => {
    simulator = await startSimulator({ models: {} });
    gateway = await startGateway({
      config: {
        providers: {
          openai: { baseUrl: `${simulator.url}/v1`, apiKey: 'sk-of-the-provider' },
          azure: { baseUrl: `${simulator.url}/openai/v1`, apiKey: 'azure-key' },
          google: { baseUrl: `${simulator.url}/v1beta`, apiKey: 'google-key' },
          down: { baseUrl: 'http://127.0.0.1:1/v1', dialect: 'openai-chat', apiKey: 'none' },
        },
        models: {
          voice: { targets: [{ provider: 'openai', model: 'gpt-realtime', price: PRICE }] },
          'voice-azure': { targets: [{ provider: 'azure', model: 'my-deployment' }] },
          live: { targets: [{ provider: 'google', model: 'gemini-live-2.5', price: PRICE }] },
          failing: {
            strategy: 'priority',
            targets: [
              { provider: 'down', model: 'gpt-realtime' },
              { provider: 'openai', model: 'gpt-realtime+status=503' },
              { provider: 'openai', model: 'gpt-realtime' },
            ],
          },
        },
        keys: [{ name: 'k', secret: KEY }],
        resilience: { retries: { max: 0 } },
      },
    });
    front = await startTlsFront(gateway.url);
  });
  beforeEach(() => simulator.journal.clear());
  afterAll(async () => {
    await front.close();
    await gateway.close(0);
    await simulator.close();
  });

  const records = async (): Promise<Record<string, unknown>[]> => {
    const answer = await fetch(`${gateway.adminUrl}/admin/v1/audit?limit=50`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    const { records } = (await answer.json()) as { records: Record<string, unknown>[] };
    return records.filter(({ route }) => String(route).includes('realtime') || String(route).includes('Bidi'));
  };
  const recordOf = async (requestId: string): Promise<Record<string, unknown>> => {
    let found: Record<string, unknown> | undefined;
    await waitFor(async () => {
      found = (await records()).find((record) => record['requestId'] === requestId);
      return found !== undefined;
    }, 'the record');
    return found as Record<string, unknown>;
  };

  it("serves OpenAI's own client", async () => {
    const openai = new OpenAI({ apiKey: KEY, baseURL: `${front.url}/v1` });
    const client = new OpenAIRealtimeWS({ model: 'voice', options: { ca: front.ca } }, openai);
    const types: string[] = [];
    client.on('event', ({ type }) => types.push(type));
    const created = new Promise<unknown>((resolve) => client.once('session.created', resolve));
    expect(await created).toMatchObject({ session: { model: 'voice' } });
    client.send({ type: 'session.update', session: { type: 'realtime', model: 'voice', instructions: 'Be brief.' } });
    const done = new Promise<unknown>((resolve) => client.once('response.done', resolve));
    client.send({ type: 'response.create' });
    expect(await done).toMatchObject({ response: { status: 'completed' } });
    expect(types).toContain('response.output_text.delta');
    client.close();
    await waitFor(() => simulator.journal.entries[0]?.outcome === 'answered', 'the end at the provider');
    const [entry] = simulator.journal.entries;
    expect(entry).toMatchObject({ path: '/v1/realtime?model=gpt-realtime', closeCode: 1000 });
    expect(entry?.headers['authorization']).toBe('Bearer sk-of-the-provider');
    expect(JSON.stringify(entry)).not.toContain(KEY);
    expect(entry?.messages?.[0]).toContain('"model":"gpt-realtime"');
  });

  it("serves Azure's own client", async () => {
    const azure = new AzureOpenAI({
      apiKey: KEY,
      endpoint: front.url,
      apiVersion: '2025-04-01-preview',
      deployment: 'voice-azure',
    });
    const client = await OpenAIRealtimeWS.azure(azure, { options: { ca: front.ca } });
    await new Promise((resolve) => client.once('session.created', resolve));
    client.close();
    const [entry] = simulator.journal.entries;
    expect(entry?.path).toBe('/openai/v1/realtime?model=my-deployment');
    expect(entry?.headers['api-key']).toBe('azure-key');
  });

  it("serves Google's own client", async () => {
    const google = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: gateway.url } });
    const messages: LiveServerMessage[] = [];
    const session = await google.live.connect({
      model: 'live',
      config: { responseModalities: [Modality.AUDIO] },
      callbacks: { onmessage: (message) => messages.push(message) },
    });
    session.sendClientContent({ turns: [{ role: 'user', parts: [{ text: 'hi' }] }], turnComplete: true });
    await waitFor(() => messages.some(({ serverContent }) => serverContent?.turnComplete === true), 'the turn');
    session.close();
    await waitFor(() => simulator.journal.entries[0]?.outcome === 'answered', 'the end at the provider');
    const [entry] = simulator.journal.entries;
    expect(entry?.path).toMatch(/^\/ws\/google\.ai\.generativelanguage\.v1(beta)?\.GenerativeService\.BidiGenerateContent$/);
    expect(entry?.headers['x-goog-api-key']).toBe('google-key');
    expect(entry?.messages?.[0]).toContain('models/gemini-live-2.5');
    await waitFor(async () => (await records()).some(({ model }) => model === 'live'), 'the record');
    const record = (await records()).find(({ model }) => model === 'live');
    expect(record).toMatchObject({ outcome: 'answered', inputTokens: 30, outputTokens: 20, session: { turns: 1 } });
  });

  it('charges the usage that the provider reports, turn by turn, and keeps one record', async () => {
    const connected = await connectRealtime(gateway.url, '/v1/realtime?model=voice', {
      headers: { 'x-api-key': KEY, 'x-request-id': 'session-of-two-turns' },
    });
    const client = connected as RealtimeClient;
    await client.respond();
    await client.respond();
    await client.close(1000);
    expect(await recordOf('session-of-two-turns')).toMatchObject({
      ...{ outcome: 'answered', status: 101, key: 'k', model: 'voice', provider: 'openai', route: 'GET /v1/realtime' },
      ...{ inputTokens: 120, outputTokens: 80, cachedInputTokens: 32, costUsd: 2 * TURN_USD },
      session: { turns: 2, closeCode: 1000, closedBy: 'client', clientMessages: 2 },
    });
  });

  it('estimates a session without reports of usage, and marks it', async () => {
    const connected = await connectRealtime(
      gateway.url,
      `/v1/realtime?model=${encodeURIComponent('openai/gpt-realtime+usage=none')}`,
      {
        headers: { 'api-key': KEY, 'x-request-id': 'session-without-usage' },
      },
    );
    const client = connected as RealtimeClient;
    await client.respond();
    await client.close(1000);
    const record = await recordOf('session-without-usage');
    expect(record).toMatchObject({ estimated: true, usageIssue: 'missing', costUsd: null });
    expect(record['outputTokens']).toBeGreaterThan(5);
  });

  it('calls another target when the handshake fails', async () => {
    const client = await openSession(gateway.url, 'failing', KEY);
    await client.event('session.created');
    await client.close();
    expect(simulator.journal.entries.map(({ model }) => model)).toEqual(['gpt-realtime+status=503', 'gpt-realtime']);
  });

  it("takes a browser's key from the sub-protocol, and does not repeat it", async () => {
    const protocols = ['realtime', `openai-insecure-api-key.${KEY}`, 'openai-beta.realtime-v1'];
    const client = (await connectRealtime(gateway.url, '/v1/realtime?model=voice', { protocols })) as RealtimeClient;
    expect(client.socket.protocol).toBe('realtime');
    await client.event('session.created');
    await client.close();
    const [entry] = simulator.journal.entries;
    expect(entry?.headers['openai-beta']).toBe('realtime=v1');
    expect(JSON.stringify(entry)).not.toContain(KEY);
  });

  it('passes close codes and reasons of the provider to the client', async () => {
    const client = await openSession(gateway.url, 'voice', KEY);
    client.send({ type: 'response.create', response: { instructions: '[[close 4001 too many words]]' } });
    expect(await client.end()).toEqual({ code: 4001, reason: 'too many words' });
  });

  it('refuses to change the model of a session', async () => {
    const client = await openSession(gateway.url, 'voice', KEY);
    client.send({ type: 'session.update', session: { model: 'another' } });
    expect(await client.event('error')).toMatchObject({ error: { param: 'session.model' } });
    expect(client.events.map(({ type }) => type)).not.toContain('session.updated');
    await client.close();
  });

  it("hides the provider's key in its errors", async () => {
    const client = await openSession(gateway.url, 'voice', KEY);
    client.send({ type: 'response.create', response: { instructions: '[[error]]' } });
    const event = await client.event('error');
    expect(JSON.stringify(event)).not.toContain('sk-of-the-provider');
    await client.close();
  });
});
