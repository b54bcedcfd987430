import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ask, chat } from '../support/ask.ts';
import { parseExposition } from '../support/exposition.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { rawClient } from '../support/raw-client.ts';
import { type Ping, startPing } from './ping.ts';
import { type Stage, startStage } from './stage.ts';

const KEY = 'key-of-clients';

describe('misbehaving clients', () => {
  let stage: Stage;
  let gateway: GatewayProcess;
  let ping: Ping;
  beforeAll(async () => {
    stage = await startStage({
      replicas: 1,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        keys: [{ name: 'clients', secret: KEY, limits: { concurrent: 50 } }],
        limits: { bodyTimeout: '1s' },
        // the connection to Redis passes through this process, which is busy for longer than the default 50 ms during bursts
        redis: { timeout: '1s' },
      }),
    });
    gateway = stage.gateways[0] as GatewayProcess;
    await stage.warm([KEY], 'up/x');
    ping = await startPing();
  });
  afterAll(async () => {
    await ping.stop();
    await stage.stop();
  });

  const inFlight = async (): Promise<number> =>
    parseExposition(await (await fetch(`${gateway.adminUrl}/metrics`)).text()).sum('sluice_in_flight_requests', {});
  /** Returns the 90th percentile of the latency in ms, minus the slowest ping during the same time. */
  const p90 = async (): Promise<number> => {
    const beganMs = performance.now();
    const took: number[] = [];
    for (let n = 0; n < 100; n++) {
      const startedAt = performance.now();
      expect((await ask(gateway.url, chat('up/x', `quick ${n}`), { key: KEY })).status).toBe(200);
      took.push(performance.now() - startedAt);
    }
    return (took.sort((a, b) => a - b)[90] as number) - ping.slowest(beganMs);
  };

  it('serves other calls without delay while two thousand clients keep idle connections', async () => {
    await p90();
    const before = await p90();
    const idle: Socket[] = [];
    for (let n = 0; n < 2_000; n++) {
      const { hostname, port } = new URL(gateway.url);
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on('error', () => {});
      idle.push(socket);
      if (n % 100 === 99) await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
    }
    expect(await p90()).toBeLessThan(Math.max(0, before) + 20);
    for (const socket of idle) socket.destroy();
    expect(await p90()).toBeLessThan(Math.max(0, before) + 20);
  }, 180_000);

  it('disconnects clients that send a byte at a time, and serves other calls without delay', async () => {
    const before = await p90();
    const slow = Array.from({ length: 50 }, () => {
      const { hostname, port } = new URL(gateway.url);
      const socket = connect({ host: hostname, port: Number(port) });
      socket.on('error', () => {});
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${KEY}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n`,
      );
      const drip = setInterval(() => socket.write('{'), 100);
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
      socket.resume();
      void closed.then(() => clearInterval(drip));
      return closed;
    });
    expect(await p90()).toBeLessThan(Math.max(0, before) + 20);
    await Promise.race([Promise.all(slow), sleep(10_000).then(() => Promise.reject(new Error('they were not cut off')))]);
  }, 180_000);

  it('frees all resources of clients that disconnect at any moment', async () => {
    const phases: (() => Promise<void>)[] = [
      // in the middle of the head
      async () => {
        const { hostname, port } = new URL(gateway.url);
        const socket = connect({ host: hostname, port: Number(port) });
        socket.on('error', () => {});
        await new Promise<void>((resolve) => socket.write('POST /v1/chat/comp', () => resolve()));
        socket.destroy();
      },
      // in the middle of the body
      async () => {
        const { hostname, port } = new URL(gateway.url);
        const socket = connect({ host: hostname, port: Number(port) });
        socket.on('error', () => {});
        const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${KEY}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`;
        await new Promise<void>((resolve) => socket.write(head, () => resolve()));
        socket.resetAndDestroy();
      },
      // immediately after the request is sent
      async () => {
        const { socket } = rawClient(gateway.url, KEY, chat('up/x+latency=3000', 'x'));
        await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
        socket.end();
        socket.destroy();
      },
      // while the provider computes
      async () => {
        const { socket } = rawClient(gateway.url, KEY, chat('up/x+latency=3000', 'x'));
        await sleep(30);
        socket.resetAndDestroy();
      },
      // during the stream
      async () => {
        const client = rawClient(gateway.url, KEY, chat('up/x+tps=50', 'a b c d e f g h', { stream: true }));
        await waitFor(() => client.text().includes('data:'), 'the stream to begin');
        client.socket.destroy();
      },
      // after the response has arrived, before the client reads it
      async () => {
        const { socket } = rawClient(gateway.url, KEY, chat('up/x', 'x'));
        socket.pause();
        await sleep(20);
        socket.resetAndDestroy();
      },
    ];
    for (let round = 0; round < 10; round++) await Promise.all(phases.map((leave) => leave()));
    await waitFor(async () => (await inFlight()) === 0, 'nothing to be in flight');
    await waitFor(
      () => stage.simulator.journal.entries.every(({ outcome }) => outcome !== 'pending'),
      'no provider to be at work for nobody',
    );
    // all permits for concurrent calls are free again
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, n) => ask(gateway.url, chat('up/x+latency=200', `${n}`), { key: KEY })),
    );
    expect(all.map(({ status, code }) => code ?? status)).toEqual(Array(50).fill(200));
  }, 180_000);
});
