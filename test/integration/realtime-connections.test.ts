import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ConfigFile, checkConfig } from '@sluice/config';
import { type Gateway, startGateway } from '@sluice/gateway';
import { WebSocketServer } from 'ws';
import { makeCertificate } from '../support/certificates.ts';
import { startForwardProxy, type TestForwardProxy } from '../support/forward-proxy.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { openSession, refusedSession } from '../support/realtime-client.ts';

const KEY = 'key-of-the-connections';

function start(
  provider: NonNullable<ConfigFile['providers']>[string],
  environment: Record<string, string> = {},
): Promise<Gateway> {
  return startGateway({
    ...{ host: '127.0.0.1', port: 0, adminPort: 0, adminKey: ADMIN_KEY, logLevel: 'silent' },
    ...{ configFile: undefined, demo: false, redis: undefined },
    config: checkConfig(
      { providers: { up: provider }, keys: [{ name: 'k', secret: KEY }], resilience: { retries: { max: 0 } } },
      'test',
    ),
    environment,
  });
}

describe('connections of realtime sessions to a provider', () => {
  const authority = makeCertificate('An authority of its own');
  const server = makeCertificate('The provider', authority.signer);
  const own = makeCertificate('The gateway', authority.signer);
  /** The names of the certificates that clients presented. */
  const shown: (string | undefined)[] = [];
  let folder: string;
  let proxy: TestForwardProxy;
  let secure: Server;
  let baseUrl: string;
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const tls = () => ({
    ca: file('ca.pem', authority.cert),
    cert: file('own.pem', own.cert),
    key: file('own.key', own.key),
  });
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-sessions-'));
    proxy = await startForwardProxy();
    secure = createServer({
      cert: server.cert,
      key: server.key,
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: false,
    });
    const sessions = new WebSocketServer({ server: secure });
    sessions.on('connection', (webSocket, request) => {
      const socket = request.socket as TLSSocket;
      shown.push(socket.authorized ? String(socket.getPeerCertificate().subject.CN) : undefined);
      webSocket.send(JSON.stringify({ type: 'session.created', session: {} }));
    });
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', () => resolve()));
    baseUrl = `https://localhost:${(secure.address() as AddressInfo).port}/v1`;
  });
  beforeEach(() => {
    shown.length = 0;
    proxy.seen.length = 0;
  });
  afterAll(async () => {
    await proxy.close();
    secure.close();
    secure.closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  const once = async (gateway: Gateway): Promise<void> => {
    const client = await openSession(gateway.url, 'up/m', KEY);
    await client.event('session.created');
    await client.close();
    await gateway.close(0);
  };
  const refused = async (gateway: Gateway): Promise<string> => {
    const answer = await refusedSession(gateway.url, '/v1/realtime?model=up/m', { headers: { authorization: `Bearer ${KEY}` } });
    await gateway.close(0);
    expect([answer.status, answer.body['error']?.['code']]).toEqual([502, 'upstream_error']);
    return JSON.stringify(answer.body);
  };

  it('presents the configured client certificate, and accepts only the configured authority', async () => {
    await once(await start({ baseUrl, tls: tls() }));
    expect(shown).toEqual(['The gateway']);
    expect(await refused(await start({ baseUrl }))).not.toContain('localhost');
    expect(shown).toHaveLength(1);
  });

  it('uses the tunnel of a forward proxy from the environment or the configuration', async () => {
    await once(await start({ baseUrl, tls: tls() }, { HTTPS_PROXY: proxy.url }));
    await once(await start({ baseUrl, tls: tls(), proxy: proxy.url }));
    const { host } = new URL(baseUrl);
    expect(proxy.seen).toEqual([`CONNECT ${host}`, `CONNECT ${host}`]);
    expect(shown).toEqual(['The gateway', 'The gateway']);
  });

  it('connects directly when NO_PROXY names the host', async () => {
    await once(await start({ baseUrl, tls: tls() }, { HTTPS_PROXY: proxy.url, NO_PROXY: 'localhost' }));
    expect(proxy.seen).toEqual([]);
  });

  it("hides the proxy's address when the proxy refuses or is unreachable", async () => {
    for (const url of [proxy.url.replace('pass-word', 'wrong-word'), 'http://127.0.0.1:9']) {
      const text = await refused(await start({ baseUrl, tls: tls(), proxy: url, connectTimeout: '500ms' }));
      expect(text).not.toMatch(/127\.0\.0\.1|pass-word|wrong-word|localhost/);
    }
  });
});
