import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ConfigFile } from '@sluice/config';
import { waitFor } from '@sluice/core/testing';
import type { Gateway } from '@sluice/gateway';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { DONE, piece, ROLE, STOP, usageChunk } from '../support/chunks.ts';
import { ADMIN_KEY, type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { recordsOf } from '../support/oracle.ts';
import { type RawClient, rawClient } from '../support/raw-client.ts';
import { type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';
import { startPing } from './ping.ts';

const KEY = 'key-of-streams';
const PATIENT: ConfigFile['resilience'] = { retries: { max: 0 }, breaker: { consecutive: 100_000, minimum: 100_000 } };

describe('faults of streams', () => {
  let upstream: ScriptedUpstream;
  let other: ScriptedUpstream;
  let gateway: Gateway;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    other = await startScriptedUpstream();
    const price = { input: 1_000, output: 1_000 };
    gateway = await startGateway({
      config: {
        providers: {
          up: { baseUrl: upstream.baseUrl, idleTimeout: '1s' },
          bills: { baseUrl: upstream.baseUrl, onDisconnect: 'drain' },
          other: { baseUrl: other.baseUrl },
        },
        models: {
          m: { targets: [{ provider: 'up', model: 'm', price }] },
          bills: { targets: [{ provider: 'bills', model: 'm', price }] },
          two: {
            targets: [
              { provider: 'up', model: 'm', price, firstToken: '300ms' },
              { provider: 'other', model: 'm', price },
            ],
          },
        },
        keys: [{ name: 'streams', secret: KEY, budget: '1000 USD/day' }],
        streams: { heartbeat: '50ms', stalled: '60s' },
        resilience: PATIENT,
      },
    });
  });
  afterAll(async () => {
    await gateway.close(0);
    await upstream.close();
    await other.close();
  });

  /** Returns the provider's side of the next stream. */
  const opened = (on = upstream) =>
    new Promise<ServerResponse>((resolve) => {
      on.answer((response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.flushHeaders();
        resolve(response);
      });
    });
  const recordOf = async (id: string) => {
    let found: Record<string, unknown> | undefined;
    await waitFor(async () => {
      found = (await recordsOf(gateway)).find(({ requestId }) => requestId === id) as never;
      return found !== undefined;
    }, `the record of ${id}`);
    return found as Record<string, unknown>;
  };
  const open = (id: string, more: object = {}, model = 'm'): RawClient =>
    rawClient(gateway.url, KEY, chat(model, id, { stream: true, ...more }), { 'x-request-id': id });
  const spending = async () =>
    (await askAdmin(gateway.adminUrl, ADMIN_KEY, 'GET', '/keys/streams')).json['spending'] as { reservedUsd: number };

  it('T31: aborts a stream immediately when its client disconnects, bills the delivered tokens, and records it once', async () => {
    const ping = await startPing();
    const took: number[] = [];
    // the first calls wait for the compilation of code
    const warmUp = 5;
    for (let n = 0; n < warmUp + 100; n++) {
      const opening = opened();
      const client = open(`left-${n}`);
      const sending = await opening;
      for (let event = 0; event < 5; event++) sending.write(piece('x'));
      await waitFor(() => client.text().split('"content":"x"').length === 6, 'five events');
      const gone = once(sending, 'close');
      const leftAt = performance.now();
      client.socket.destroy();
      await gone;
      if (n >= warmUp) took.push(performance.now() - leftAt - ping.slowest(leftAt));
    }
    await ping.stop();
    took.sort((a, b) => a - b);
    expect(took[98]).toBeLessThan(50);
    const record = await recordOf('left-99');
    expect(record).toMatchObject({ outcome: 'cancelled', status: 499, outputTokens: 5, estimated: true });
    const all = (await recordsOf(gateway)).filter(({ requestId }) => requestId.startsWith('left-'));
    expect(new Set(all.map(({ requestId }) => requestId)).size).toBe(all.length);
    await waitFor(async () => (await spending()).reservedUsd === 0, 'nothing to be reserved');
  }, 180_000);

  it('T32: drains and bills a stream to its end after the client disconnects when the provider bills it anyway', async () => {
    const opening = opened();
    const client = open('drained', {}, 'bills');
    const sending = await opening;
    sending.write(piece('x'));
    await waitFor(() => client.text().includes('"content":"x"'), 'the first event');
    client.socket.destroy();
    await sleep(100);
    expect(sending.closed).toBe(false);
    sending.write(piece('y'));
    sending.end(STOP + usageChunk(7, 300) + DONE);
    const record = await recordOf('drained');
    expect(record).toMatchObject({ outcome: 'cancelled', status: 499, inputTokens: 7, outputTokens: 300, costUsd: 0.307 });
    expect(record['estimated']).toBeUndefined();
  });

  it('T32: drains only a limited number of streams at a time', async () => {
    const sides: ServerResponse[] = [];
    upstream.answer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(piece('x'));
      sides.push(response);
    });
    const clients = Array.from({ length: 40 }, (_, n) => open(`many-${n}`, {}, 'bills'));
    for (const client of clients) await waitFor(() => client.text().includes('"content":"x"'), 'the first event');
    for (const client of clients) client.socket.destroy();
    await waitFor(() => sides.filter(({ closed }) => closed).length === 8, 'eight to be aborted');
    await sleep(100);
    expect(sides.filter(({ closed }) => !closed)).toHaveLength(32);
    for (const side of sides) side.end(STOP + DONE);
  });

  it('T33: aborts a call without a stream immediately when its client disconnects, and bills its prompt', async () => {
    let gone: Promise<unknown> | undefined;
    upstream.answer((response) => {
      gone = once(response, 'close');
    });
    const client = open('whole-left', { stream: false });
    await waitFor(() => gone !== undefined, 'the call to the provider');
    client.socket.destroy();
    await gone;
    const record = await recordOf('whole-left');
    expect(record).toMatchObject({ outcome: 'cancelled', status: 499, outputTokens: 0, estimated: true });
    expect(record['inputTokens']).toBeGreaterThan(0);
    expect(record['costUsd']).toBeGreaterThan(0);
  });

  it.each([true, false])('T34: sends the response to a client that closes only its sending side (stream: %s)', async (stream) => {
    let answerNow: () => void = () => {};
    upstream.answer((response) => {
      answerNow = () => {
        if (stream) {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.end(piece('the end') + STOP + DONE);
        } else {
          response.writeHead(200, { 'content-type': 'application/json' });
          response.end('{"choices":[{"message":{"content":"the end"}}]}');
        }
      };
    });
    const asked = upstream.requests.length;
    const client = open(`half-closed-${stream}`, { stream });
    client.socket.end();
    await waitFor(() => upstream.requests.length > asked, 'the call to the provider');
    await sleep(150);
    answerNow();
    await client.closed;
    const text = client.text();
    expect(text).toContain('the end');
    // the heads before the response are interim responses, which a client skips
    const heads = text.split('\r\n\r\n').filter((part) => part.startsWith('HTTP/1.1'));
    expect(new Set(heads.slice(0, -1))).toEqual(new Set(['HTTP/1.1 102 Processing']));
    expect(heads.at(-1)).toMatch(/^HTTP\/1\.1 200 /);
    expect((await recordOf(`half-closed-${stream}`))['outcome']).toBe('answered');
  });

  it('T35, T36: never ends a stream like a complete one when it is cut at any byte, and does not cache it', async () => {
    const text = ROLE + Array.from({ length: 20 }, (_, n) => piece(`word ${n} `)).join('') + STOP + usageChunk(5, 20) + DONE;
    const finish = text.indexOf(STOP) + STOP.indexOf('"stop"');
    const seen = { error: 0, status: 0, whole: 0 };
    for (let round = 0; round < 300; round++) {
      const cut = Math.floor(Math.random() * text.length);
      const clean = round % 2 === 0;
      upstream.answer((response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(text.slice(0, cut), () => (clean ? response.end() : response.socket?.resetAndDestroy()));
        if (cut === 0) clean ? response.end() : response.socket?.resetAndDestroy();
      });
      const answer = await ask(gateway.url, chat('m', `cut ${round}`, { stream: true }), { key: KEY });
      const reported = answer.text.includes('"code":"upstream_truncated"') || answer.text.includes('"code":"upstream_error"');
      if (answer.status !== 200) {
        expect([answer.status, answer.code]).toEqual([502, 'upstream_error']);
        seen.status++;
      } else if (reported) {
        expect(answer.text).not.toContain('[DONE]');
        seen.error++;
      } else {
        // only a stream with a finish reason may be complete
        expect(cut).toBeGreaterThan(finish);
        seen.whole++;
      }
    }
    expect(seen.error).toBeGreaterThan(150);
  }, 180_000);

  it('T37: falls back to another target when a stream begins with an error, and hides the error from the client', async () => {
    for (const error of ['{"error":{"message":"x","code":503}}', '{"object":"error","message":"x","code":500}']) {
      upstream.answer((response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`data: ${error}\n\n`);
      });
      other.answer((response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(piece('good') + STOP + DONE);
      });
      const answer = await ask(gateway.url, chat('two', `first error ${error}`, { stream: true }), { key: KEY });
      expect([answer.status, answer.text]).toEqual([200, piece('good') + STOP + DONE]);
      expect([answer.headers.get('x-sluice-provider'), answer.headers.get('x-sluice-attempts')]).toEqual(['other', '2']);
    }
  });

  it('T38: returns an error status with a JSON body when both targets fail before any content', async () => {
    const failing = (code: number) => (response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`${ROLE}data: {"error":{"message":"x","code":${code}}}\n\n`);
    };
    upstream.answer(failing(500));
    other.answer(failing(503));
    const answer = await ask(gateway.url, chat('two', 'both', { stream: true }), { key: KEY });
    expect([answer.status, answer.code, answer.headers.get('content-type')]).toEqual([502, 'upstream_error', 'application/json']);
  });

  it('T39, T40: falls back to another target when the first content is late, and calls the silent target once', async () => {
    for (const silent of ['nothing', 'a head', 'a role'] as const) {
      let asked = 0;
      upstream.answer((response) => {
        asked++;
        if (silent === 'nothing') return;
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.flushHeaders();
        if (silent === 'a role') response.write(ROLE);
      });
      other.answer((response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(piece('good') + STOP + DONE);
      });
      const answer = await ask(gateway.url, chat('two', `silent: ${silent}`, { stream: true }), { key: KEY });
      expect([answer.status, answer.headers.get('x-sluice-provider'), asked]).toEqual([200, 'other', 1]);
    }
  });

  it('T40: ends a stream with an error when it stalls in the middle for longer than its timeout', async () => {
    upstream.answer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(piece('x'));
    });
    const answer = await ask(gateway.url, chat('m', 'stalls', { stream: true }), { key: KEY });
    expect(answer.text).toContain('"code":"upstream_timeout"');
    expect(answer.text).not.toContain('[DONE]');
  });

  it('sends keep-alive signals while the provider is silent, between events and never within an event', async () => {
    const opening = opened();
    const client = open('heartbeats');
    const sending = await opening;
    sending.write(piece('x'));
    await waitFor(() => client.text().split(': keep-alive\n\n').length > 3, 'signs of life');
    const half = piece('in two halves');
    sending.write(half.slice(0, 30));
    await waitFor(() => client.text().includes(half.slice(0, 30)), 'the first half');
    await sleep(200);
    sending.write(half.slice(30));
    sending.end(STOP + DONE);
    await waitFor(() => client.text().includes('[DONE]'), 'the end');
    client.socket.destroy();
    // the sizes of the chunks are between the bytes; without them the event is complete
    const text = client.text().replace(/\r\n[0-9a-f]+\r\n/g, '');
    expect(text).toContain(half);
  });
});

describe('slow clients', () => {
  let gateway: GatewayProcess;
  let upstream: ScriptedUpstream;
  const clients: RawClient[] = [];
  const sides = new Set<ServerResponse>();
  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy();
    for (const side of sides) side.destroy();
    await gateway.stop('SIGKILL');
    await upstream.close();
  });

  it('T42: needs little memory and delays no other call while two hundred clients read nothing of endless streams', async () => {
    upstream = await startScriptedUpstream();
    let sent = 0;
    const endless = piece('x'.repeat(4_000));
    upstream.answer((response, { body }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      if (!body.includes('endless')) {
        response.end(piece('short') + STOP + DONE);
        return;
      }
      sides.add(response);
      const pump = (): void => {
        while (!response.destroyed && response.write(endless)) sent += endless.length;
        sent += endless.length;
      };
      response.on('drain', pump);
      pump();
    });
    gateway = await startGatewayProcess({
      config: {
        providers: { up: { baseUrl: upstream.baseUrl } },
        keys: [{ name: 'slow', secret: KEY }],
        streams: { stalled: '5s' },
        // two hundred simultaneous calls may delay a slow machine longer than the default overload lag, and it would shed the
        // last of them
        resilience: { overload: { lag: '30s' } },
      },
    });

    const memory = (): number => {
      const status = readFileSync(`/proc/${gateway.process.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1_024;
    };
    const ping = await startPing();
    const quick = async () => {
      const beganMs = performance.now();
      const took: number[] = [];
      for (let n = 0; n < 20; n++) {
        const startedAt = performance.now();
        expect((await ask(gateway.url, chat('up/m', `short ${n}`, { stream: true }), { key: KEY })).status).toBe(200);
        took.push(performance.now() - startedAt);
      }
      return (took.sort((a, b) => a - b)[16] as number) - ping.slowest(beganMs);
    };
    const before = await quick();
    for (let n = 0; n < 200; n++) {
      const client = rawClient(gateway.url, KEY, chat('up/m', `endless ${n}`, { stream: true }));
      client.socket.pause();
      clients.push(client);
    }
    await waitFor(() => sides.size === 200, 'all streams to be in flight', 40_000);
    let last = -1;
    await waitFor(
      async () => {
        const still = sent === last;
        last = sent;
        await sleep(300);
        return still;
      },
      'the providers to be held back',
      40_000,
    );
    expect(memory()).toBeLessThan(300);
    expect(await quick()).toBeLessThan(Math.max(0, before) + 20);
    await ping.stop();
    // stalled clients are disconnected after the timeout, and their provider calls are aborted
    await waitFor(() => [...sides].every(({ destroyed }) => destroyed), 'the stalled clients to be disconnected', 20_000);
    expect(memory()).toBeLessThan(300);
  }, 120_000);
});
