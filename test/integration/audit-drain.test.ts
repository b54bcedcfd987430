import { createHmac } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor, waitForValue } from '@sluice/core/testing';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { parseExposition } from '../support/exposition.ts';
import { ADMIN_KEY, type GatewayProcess, startGatewayProcess, untilReady } from '../support/gateway-process.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

interface Line {
  readonly id: string;
  readonly requestId: string;
}

describe('the drains of the audit trail', () => {
  const SECRET = 'the-secret-of-the-webhook';
  let replicas: Replicas;
  let others: GatewayProcess[];
  let folder: string;
  let hook: Server;
  /** The requests to the webhook, and the status that it returned. */
  let posted: { status: number; headers: IncomingHttpHeaders; body: string }[];
  let answers: () => number;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-drain-'));
    posted = [];
    others = [];
    answers = () => 204;
    hook = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const status = answers();
      posted.push({ status, headers: request.headers, body });
      response.writeHead(status).end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => hook.once('listening', resolve));
  });
  /** @param takeOver A replica that is alive but busy for this time loses records to the other, which then writes them again. */
  const start = async (takeOver = '1s'): Promise<void> => {
    const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/audit`;
    replicas = await startGateway({
      replicas: 2,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: { plain: { targets: [{ provider: 'up', model: 'plain' }] } },
        keys: [{ name: 'app', secret: 'key-app' }],
        audit: {
          drain: {
            takeOver,
            files: { directory: folder },
            webhook: { url, secret: SECRET, headers: { 'x-from': 'sluice' } },
          },
        },
      }),
    });
  };
  afterEach(async () => {
    await Promise.all(others.map((gateway) => gateway.stop()));
    await replicas.stop();
    hook.close();
    rmSync(folder, { recursive: true });
  });
  const gateway = (n: number) => replicas.gateways[n] as GatewayProcess;
  const send = async (count: number, to: (n: number) => GatewayProcess = (n) => gateway(n % 2)) => {
    const ids = Array.from({ length: count }, async (_, n) => {
      const { headers } = await ask(to(n).url, chat('plain', `${n}`), { key: 'key-app' });
      return headers.get('x-request-id') as string;
    });
    return Promise.all(ids);
  };
  const parsed = (text: string): Line[] =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);
  const inFiles = () => readdirSync(folder).flatMap((file) => parsed(readFileSync(join(folder, file), 'utf8')));
  const inHook = () => posted.filter(({ status }) => status < 300).flatMap(({ body }) => parsed(body));
  const ids = (lines: readonly Line[]) => new Set(lines.map(({ requestId }) => requestId));

  it('writes every record of all replicas once, signed when the configuration has a secret', async () => {
    await start('60s');
    const sent = await send(200);
    for (const lines of [inFiles, inHook]) {
      await waitFor(() => ids(lines()).size === 200, 'all records to be written');
      expect(ids(lines())).toEqual(new Set(sent));
      // no replica died, so that no record is written twice
      expect(lines()).toHaveLength(200);
    }
    for (const { headers, body } of posted) {
      expect(headers).toMatchObject({ 'content-type': 'application/x-ndjson', 'x-from': 'sluice' });
      expect(headers['x-sluice-signature']).toBe(`sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`);
    }
    const exposition = async (n: number) => parseExposition(await (await fetch(`${gateway(n).adminUrl}/metrics`)).text());
    // a drain counts records after it has written them and stored its position
    const drained = async () => {
      const both = await Promise.all([0, 1].map(exposition));
      return both.reduce((sum, one) => sum + one.sum('sluice_audit_drained_total', { sink: 'files' }), 0);
    };
    await waitForValue(drained, 200, 'all records to be counted');
  });

  it('waits for an unavailable webhook, and reports it', async () => {
    await start();
    answers = () => 503;
    const sent = await send(20);
    const degraded = async (n: number) =>
      parseExposition(await (await fetch(`${gateway(n).adminUrl}/metrics`)).text()).sum('sluice_degraded', {
        concern: 'drain_webhook',
      });
    await waitFor(() => posted.length > 1, 'the webhook to be tried again');
    expect((await degraded(0)) + (await degraded(1))).toBeGreaterThan(0);
    await waitFor(() => ids(inFiles()).size === 20, 'the files, which have nothing to do with it');
    answers = () => 200;
    await waitFor(() => ids(inHook()).size === 20, 'the records to be posted');
    expect(ids(inHook())).toEqual(new Set(sent));
  }, 180_000);

  it('resumes after all replicas have stopped, and loses no record of a killed replica', async () => {
    await start();
    answers = () => 503;
    const before = await send(30);
    await waitFor(() => posted.length > 0, 'a post that fails');
    const [first, second] = [gateway(0), gateway(1)];
    // a record that is not yet in Redis is lost with its replica; this test is not about such records
    await waitFor(async () => {
      const { json } = await askAdmin(second.adminUrl, ADMIN_KEY, 'GET', '/audit?limit=100');
      return (json['records'] as Line[]).length === 30;
    }, 'the records to be in the trail');
    // a surviving replica writes the records that the killed replica has read and not written
    await Promise.all([first.stop('SIGKILL'), second.stop('SIGTERM')]);
    answers = () => 200;
    const again = await startGatewayProcess(replicas.options);
    others.push(again);
    await untilReady(again);
    const after = await send(5, () => again);
    await waitFor(() => ids(inHook()).size >= 35, 'all records to be posted');
    expect(ids(inHook())).toEqual(new Set([...before, ...after]));
    const { json } = await askAdmin(again.adminUrl, ADMIN_KEY, 'GET', '/audit?limit=100');
    const kept = new Map((json['records'] as Line[]).map(({ id, requestId }) => [requestId, id]));
    for (const { id, requestId } of inHook()) expect(id).toBe(kept.get(requestId));
  }, 180_000);

  it('waits for a directory that is not writable', async () => {
    await start();
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'a file in its place');
    const sent = await send(10);
    await waitFor(
      () => replicas.gateways.some(({ output }) => output().includes('drain_files: degraded')),
      'the failure to be reported',
    );
    rmSync(folder);
    await waitFor(() => existsSync(folder) && ids(inFiles()).size === 10, 'the records to be written');
    expect(ids(inFiles())).toEqual(new Set(sent));
  }, 180_000);
});
