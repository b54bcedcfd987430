import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { sendRaw } from '../support/raw-request.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-admission';
const MIB = 1024 * 1024;

/** Returns the head of a chat request. */
const head = (lengthBytes: number, ...more: string[]): string =>
  `${['POST /v1/chat/completions HTTP/1.1', 'host: gateway', 'content-type: application/json', `content-length: ${lengthBytes}`, ...more].join('\r\n')}\r\n\r\n`;

const withKey = `authorization: Bearer ${KEY}`;

describe('admission to the data plane', () => {
  let replicas: Replicas;
  beforeAll(async () => {
    replicas = await startGateway({
      replicas: 1,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: {
          plain: { targets: [{ provider: 'up', model: 'plain' }] },
          slow: { targets: [{ provider: 'up', model: 'plain+latency=4000' }] },
        },
        keys: [{ name: 'admission', secret: KEY }],
        limits: { bodyTimeout: '400ms', unfinishedBodies: '4MiB', connections: 200 },
      }),
    });
  });
  afterAll(() => replicas.stop());
  const gateway = () => replicas.gateways[0] as Replicas['gateways'][number];
  const works = async () => (await ask(gateway().url, chat('plain', 'does it answer?'), { key: KEY })).status;
  const records = async (id: string) => {
    const { json } = await askAdmin(gateway().adminUrl, ADMIN_KEY, 'GET', `/audit?requestId=${id}`);
    return json['records'] as { status: number; error: string; key: string | null }[];
  };
  const metric = async (line: string) => {
    const text = await (await fetch(`${gateway().adminUrl}/metrics`)).text();
    return Number(
      text
        .split('\n')
        .find((one) => one.startsWith(`${line} `))
        ?.split(' ')
        .at(-1) ?? 0,
    );
  };
  const memoryMb = async () => {
    const status = await readFile(`/proc/${gateway().process.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024;
  };
  const open = (text: string): Promise<{ socket: Socket; text: () => string }> =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(gateway().url);
      let received = '';
      const socket = connect({ host: hostname, port: Number(port) }, () =>
        socket.write(text, () => resolve({ socket, text: () => received })),
      );
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
      });
      socket.on('error', () => {});
    });

  it('refuses a client without a valid key after its head, before any byte of its body', async () => {
    for (const [id, ...more] of [['no-key'], ['wrong-key', 'authorization: Bearer wrong']]) {
      const answer = await sendRaw(gateway().url, [head(10 * MIB, `x-request-id: ${id}`, ...more)]);
      expect([answer.status, JSON.parse(answer.body).error.code]).toEqual([401, 'invalid_api_key']);
      expect(answer.head.toLowerCase()).toContain('connection: close');
      expect(await records(String(id))).toEqual([expect.objectContaining({ status: 401, error: 'invalid_api_key', key: null })]);
    }
  });

  it('refuses a client that waits for 100 Continue without requesting its body', async () => {
    const answer = await sendRaw(gateway().url, [head(1_000, 'expect: 100-continue')]);
    expect(answer.head).toMatch(/^HTTP\/1.1 401 /);
  });

  it('keeps the connection of a refused client whose small body came with the head', async () => {
    const { socket, text } = await open(`${head(2)}{}`);
    await waitFor(() => text().includes('invalid_api_key'), 'the refusal');
    expect(text().toLowerCase()).not.toContain('connection: close');
    const body = JSON.stringify(chat('plain', 'next'));
    socket.write(head(body.length, withKey) + body);
    await waitFor(() => text().includes('HTTP/1.1 200 OK'), 'the next answer on the same connection');
    socket.destroy();
  });

  it('buffers no bodies of clients without a key', async () => {
    await works();
    const beforeMb = await memoryMb();
    const body = Buffer.alloc(9 * MIB, 97);
    const clients = await Promise.all(Array.from({ length: 60 }, () => open(head(10 * MIB))));
    for (const { socket } of clients) socket.write(body);
    await waitFor(() => clients.every(({ text }) => text().startsWith('HTTP/1.1 401')), 'all refusals');
    // all bodies together are 540 MiB
    expect((await memoryMb()) - beforeMb).toBeLessThan(200);
    for (const { socket } of clients) socket.destroy();
    expect(await works()).toBe(200);
  });

  it('refuses a body when all incomplete bodies together exceed their limit, and serves complete ones', async () => {
    const shed = 'sluice_shed_total{reason="bodies"}';
    const before = await metric(shed);
    const clients = await Promise.all(Array.from({ length: 6 }, () => open(head(2 * MIB, withKey))));
    for (const { socket } of clients) socket.write(Buffer.alloc(MIB, 0x20));
    await waitFor(() => clients.some(({ text }) => text().startsWith('HTTP/1.1 503')), 'a refusal');
    expect(clients.find(({ text }) => text().startsWith('HTTP/1.1 503'))?.text()).toContain('overloaded');
    expect(await works()).toBe(200);
    expect(await metric(shed)).toBeGreaterThan(before);
    for (const { socket } of clients) socket.destroy();
    // the memory of the refused bodies is released
    const whole = JSON.stringify(chat('plain', 'x'.repeat(3 * MIB)));
    await waitFor(async () => (await ask(gateway().url, whole, { key: KEY })).status === 200, 'a large body to pass');
  });

  it('refuses a body that never begins after limits.bodyTimeout', async () => {
    const answer = await sendRaw(gateway().url, [head(10, withKey, 'x-request-id: never')]);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain('too slowly');
    expect(await records('never')).toEqual([expect.objectContaining({ status: 400, key: 'admission' })]);
  });

  it('closes connections beyond limits.connections, and counts them', async () => {
    const clients = await Promise.all(Array.from({ length: 210 }, () => open('')));
    await waitFor(async () => (await metric('sluice_connections_refused_total')) > 0, 'a refused connection');
    for (const { socket } of clients) socket.destroy();
    await waitFor(async () => (await works().catch(() => 0)) === 200, 'connections to be taken again');
  });

  it('refuses no call after the machine was paused', async () => {
    const shed = 'sluice_shed_total{reason="lag"}';
    const before = await metric(shed);
    for (let n = 0; n < 3; n++) {
      gateway().process.kill('SIGSTOP');
      const waiting = Array.from({ length: 8 }, () => ask(gateway().url, chat('plain', `pause ${n}`), { key: KEY }));
      // longer than overload.lag, by any clock
      await new Promise((resolve) => setTimeout(resolve, 900));
      gateway().process.kill('SIGCONT');
      expect((await Promise.all(waiting)).map(({ status, code }) => [status, code])).toEqual(Array(8).fill([200, undefined]));
    }
    expect(await metric(shed)).toBe(before);
  });
});
