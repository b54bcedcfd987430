import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { askAdmin } from '../support/ask.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { connectRealtime, openSession, RealtimeClient, refusedSession } from '../support/realtime-client.ts';
import { type RealtimeStage, startRealtimeStage } from '../support/realtime-stage.ts';

const KEY = 'key-of-the-hostile';
const MODEL = 'openai/gpt-realtime';
const PATH = `/v1/realtime?model=${encodeURIComponent(MODEL)}`;
const LIVE = `/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=${KEY}`;

describe('realtime sessions with hostile ends', () => {
  let stage: RealtimeStage;
  const url = (): string => stage.gateway.url;
  const key = { name: 'k', secret: KEY };
  beforeAll(async () => {
    stage = await startRealtimeStage({
      keys: [key],
      realtime: { maxMessage: '64KiB', maxSessions: 5, setupTimeout: '200ms' },
      cors: { origins: ['https://app.example.com'] },
    });
  });
  beforeEach(() => stage.simulator.journal.clear());
  afterAll(() => stage.close());

  const open = async (requestId: string): Promise<RealtimeClient> => {
    const headers = { authorization: `Bearer ${KEY}`, 'x-request-id': requestId };
    const client = await connectRealtime(url(), PATH, { headers });
    if (client instanceof RealtimeClient) return client;
    throw new Error(`refused with ${client.status}`);
  };
  const noSessions = () => waitFor(async () => (await stage.figure('sluice_realtime_sessions')) === 0, 'no session');

  it("closes a session with 1009 when a client's message is too long, and leaves no session at the provider", async () => {
    const client = await open('too-long');
    client.socket.send('x'.repeat(70_000));
    expect(await client.end()).toMatchObject({ code: 1009 });
    expect(await stage.recordOf('too-long')).toMatchObject({
      outcome: 'failed',
      error: 'request_too_large',
      session: { closeCode: 1009 },
    });
    await waitFor(() => stage.simulator.journal.entries[0]?.outcome !== 'pending', 'the end at the provider');
    await noSessions();
  });

  it('ends the session at the provider when the client vanishes', async () => {
    const client = await open('vanished');
    await client.event('session.created');
    client.socket.terminate();
    await waitFor(() => stage.simulator.journal.entries[0]?.closeCode === 1001, 'the close at the provider');
    expect(await stage.recordOf('vanished')).toMatchObject({
      outcome: 'cancelled',
      status: 499,
      session: { closedBy: 'client' },
    });
    await noSessions();
  });

  it('closes the client with 1011 when the provider vanishes', async () => {
    const client = await open('provider-vanished');
    client.send({ type: 'response.create', response: { instructions: '[[reset]]' } });
    expect(await client.end()).toMatchObject({ code: 1011 });
    expect(await stage.recordOf('provider-vanished')).toMatchObject({ outcome: 'failed', error: 'upstream_truncated' });
  });

  it('estimates the usage of an interrupted response', async () => {
    const client = await open('cut-off');
    await client.respond();
    client.send({ type: 'response.create', response: { instructions: '[[unfinished]]' } });
    await client.event('response.output_audio.delta', 2);
    await client.close();
    const record = await stage.recordOf('cut-off');
    expect(record).toMatchObject({ estimated: true });
    // 40 reported tokens, plus five words and 100 ms of audio without a report
    expect(record['outputTokens']).toBeGreaterThan(45);
    expect(record['inputTokens']).toBeGreaterThan(160);
  });

  it('reads from a provider no faster than its client reads', async () => {
    const client = await open('slow-reader');
    await client.event('session.created');
    client.socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    // 800 events of 64 kB are 51 MB
    client.send({ type: 'response.create', response: { instructions: '[[flood 800]]' } });
    let sent = -1;
    await waitFor(async () => {
      const now = stage.simulator.journal.entries[0]?.events ?? 0;
      const stands = now > 0 && now === sent;
      sent = now;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return stands;
    }, 'the provider to stand still');
    expect(sent).toBeLessThan(400);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30_000_000);
    client.socket.resume();
    await client.event('response.done');
    expect(client.events.filter(({ type }) => type === 'response.output_audio.delta')).toHaveLength(801);
    await client.close();
  }, 180_000);

  it('refuses a session beyond the configured number, and frees the slots of ended sessions', async () => {
    const clients = await Promise.all([1, 2, 3, 4, 5].map((n) => open(`many-${n}`)));
    const refused = await refusedSession(url(), PATH, { headers: { authorization: `Bearer ${KEY}` } });
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'overloaded' } }, headers: { 'retry-after': '5' } });
    await Promise.all(clients.map((client) => client.close()));
    await noSessions();
    const next = await openSession(url(), MODEL, KEY);
    await next.close();
  });

  it('closes a Live session when its first message is late', async () => {
    const client = (await connectRealtime(url(), LIVE)) as RealtimeClient;
    expect(await client.end()).toMatchObject({ code: 1008, reason: expect.stringContaining('200 ms') });
  });

  it('refuses pages of other origins, and accepts pages of configured origins', async () => {
    const headers = { authorization: `Bearer ${KEY}` };
    const refused = await refusedSession(url(), PATH, { headers, origin: 'https://evil.example.com' });
    expect(refused).toMatchObject({ status: 403 });
    const client = (await connectRealtime(url(), PATH, { headers, origin: 'https://app.example.com' })) as RealtimeClient;
    await client.close();
  });

  it.each([
    ['no sec-websocket-key', 'sec-websocket-version: 13\r\n', 400],
    ['an old version of the protocol', 'sec-websocket-version: 8\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n', 426],
  ])('refuses a handshake with %s in plain HTTP', async (_what, lines, status) => {
    const text = await raw(
      url(),
      `GET ${PATH} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n${lines}authorization: Bearer ${KEY}\r\n\r\n`,
    );
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(text).toContain('application/json');
  });

  it('treats an upgrade to another protocol or on another route as a plain request', async () => {
    const h2c = await raw(url(), 'GET /livez HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n\r\n');
    expect(h2c).toMatch(/^HTTP\/1.1 200 /);
    const elsewhere = await refusedSession(url(), '/v1/chat/completions', { headers: { authorization: `Bearer ${KEY}` } });
    expect(elsewhere.status).toBe(405);
  });

  it('survives a client disconnect during the connection to the provider', async () => {
    const slow = `/v1/realtime?model=${encodeURIComponent(`${MODEL}+latency=60000`)}`;
    const socket = await opened(url());
    socket.write(
      `GET ${slow} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nx-request-id: left-early\r\nauthorization: Bearer ${KEY}\r\n\r\n`,
    );
    await waitFor(() => stage.simulator.journal.entries.length === 1, 'the handshake at the provider');
    socket.destroy();
    expect(await stage.recordOf('left-early')).toMatchObject({ outcome: 'cancelled', status: 499 });
    await noSessions();
  });
});

describe('time limits of realtime sessions', () => {
  it('closes a session without messages, and a session that lasts too long', async () => {
    const stage = await startRealtimeStage({
      keys: [{ name: 'k', secret: KEY }],
      realtime: { idleTimeout: '400ms', maxDuration: '1500ms' },
    });
    try {
      const idle = await openSession(stage.gateway.url, MODEL, KEY);
      expect(await idle.end()).toMatchObject({ code: 1001, reason: expect.stringContaining('idle_timeout') });
      const long = await openSession(stage.gateway.url, MODEL, KEY);
      const talking = setInterval(() => long.send({ type: 'session.update', session: {} }), 100);
      expect(await long.end()).toMatchObject({ code: 1001, reason: expect.stringContaining('max_duration') });
      clearInterval(talking);
      await waitFor(async () => (await stage.figure('sluice_realtime_ended_total')) === 2, 'the figures');
      expect(await stage.figure('sluice_realtime_seconds_total')).toBeGreaterThan(1.5);
    } finally {
      await stage.close();
    }
  });

  it('ends the sessions of a key that is revoked', async () => {
    const stage = await startRealtimeStage({ keys: [{ name: 'k', secret: KEY }], realtime: { ping: '200ms' } });
    try {
      const made = await askAdmin(stage.gateway.adminUrl, ADMIN_KEY, 'POST', '/keys', { name: 'short' });
      const client = await openSession(stage.gateway.url, MODEL, String(made.json['secret']));
      const { status } = await askAdmin(stage.gateway.adminUrl, ADMIN_KEY, 'DELETE', '/keys/short');
      expect(status).toBeLessThan(300);
      expect(await client.event('error')).toMatchObject({ error: { code: 'invalid_api_key' } });
      expect(await client.end()).toMatchObject({ code: 1008 });
    } finally {
      await stage.close();
    }
  });

  it('closes a session when its client responds to no ping', async () => {
    const stage = await startRealtimeStage({ keys: [{ name: 'k', secret: KEY }], realtime: { ping: '200ms' } });
    try {
      const client = (await connectRealtime(stage.gateway.url, PATH, {
        headers: { authorization: `Bearer ${KEY}`, 'x-request-id': 'silent' },
        autoPong: false,
      })) as RealtimeClient;
      expect(await client.end()).toMatchObject({ code: 1006 });
      expect(await stage.recordOf('silent')).toMatchObject({ outcome: 'cancelled' });
    } finally {
      await stage.close();
    }
  });

  it('keeps running sessions for the drain time, then closes them with 1001 and writes their records', async () => {
    const stage = await startRealtimeStage({ keys: [{ name: 'k', secret: KEY }] });
    const client = await openSession(stage.gateway.url, MODEL, KEY);
    await client.respond();
    const closing = stage.gateway.close(1_000, 500);
    const refused = await refusedSession(stage.gateway.url, PATH, { headers: { authorization: `Bearer ${KEY}` } });
    expect(refused).toMatchObject({ status: 503, body: { error: { code: 'gateway_draining' } } });
    await client.respond();
    expect(await client.end()).toMatchObject({ code: 1001, reason: expect.stringContaining('gateway_draining') });
    expect(client.events.at(-1)).toMatchObject({ type: 'error', error: { code: 'gateway_draining' } });
    await closing;
    await waitFor(() => stage.simulator.journal.entries[0]?.closeCode === 1001, 'the close at the provider');
    await stage.simulator.close();
  });
});

function opened(gatewayUrl: string): Promise<Socket> {
  const { hostname, port } = new URL(gatewayUrl);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => resolve(socket));
    socket.on('error', reject);
  });
}

/** Sends text and returns the complete response. */
async function raw(gatewayUrl: string, text: string): Promise<string> {
  const socket = await opened(gatewayUrl);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.write(text);
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}
