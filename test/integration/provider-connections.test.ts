import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ConfigFile, checkConfig } from '@sluice/config';
import { type Gateway, startGateway } from '@sluice/gateway';
import { ask, chat } from '../support/ask.ts';
import { makeCertificate } from '../support/certificates.ts';
import { startForwardProxy, type TestForwardProxy } from '../support/forward-proxy.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';

const KEY = 'key-of-the-connections';
const ANSWER = JSON.stringify({
  id: 'c1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
});

/** Starts a gateway with a single provider, with these environment variables. */
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

async function once(gateway: Gateway): Promise<{ status: number; text: string }> {
  const { status, text } = await ask(gateway.url, chat('up/m', 'hi'), { key: KEY });
  await gateway.close(0);
  return { status, text };
}

describe('connections to a provider', () => {
  const authority = makeCertificate('An authority of its own');
  const server = makeCertificate('The provider', authority.signer);
  const client = makeCertificate('The gateway', authority.signer);
  const other = makeCertificate('Another authority');
  let folder: string;
  let proxy: TestForwardProxy;
  let plain: ScriptedUpstream;
  let secure: Server;
  let secureUrl: string;
  /** The names of the certificates that clients presented. */
  const shown: (string | undefined)[] = [];
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
    proxy = await startForwardProxy();
    plain = await startScriptedUpstream();
    secure = createServer(
      { cert: server.cert, key: server.key, ca: authority.cert, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const socket = request.socket as TLSSocket;
        const { subject } = socket.getPeerCertificate();
        shown.push(socket.authorized ? String(subject.CN) : undefined);
        response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER);
      },
    );
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', () => resolve()));
    secureUrl = `https://localhost:${(secure.address() as AddressInfo).port}/v1`;
  });
  beforeEach(() => {
    proxy.seen.length = 0;
    shown.length = 0;
    plain.forget();
    plain.answer(whole(ANSWER));
  });
  afterAll(async () => {
    await Promise.all([proxy.close(), plain.close()]);
    secure.close();
    secure.closeAllConnections();
    rmSync(folder, { recursive: true });
  });
  const tls = () => ({ ca: file('ca.pem', authority.cert) });

  it("accepts a provider's certificate of the configured authority, and no other", async () => {
    expect(await once(await start({ baseUrl: secureUrl, tls: tls() }))).toMatchObject({ status: 200 });
    expect(shown).toEqual([undefined]);
    for (const settings of [{ baseUrl: secureUrl }, { baseUrl: secureUrl, tls: { ca: file('other.pem', other.cert) } }]) {
      const { status, text } = await once(await start(settings));
      expect([status, text]).toEqual([502, expect.not.stringContaining('localhost')]);
    }
    expect(shown).toHaveLength(1);
  });

  it('presents the configured client certificate to the provider', async () => {
    const files = { ...tls(), cert: file('client.pem', client.cert), key: file('client.key', client.key) };
    expect(await once(await start({ baseUrl: secureUrl, tls: files }))).toMatchObject({ status: 200 });
    expect(shown).toEqual(['The gateway']);
  });

  it('uses the tunnel of HTTPS_PROXY with the configured authority and client certificate', async () => {
    const files = { ...tls(), cert: file('client.pem', client.cert), key: file('client.key', client.key) };
    const gateway = await start({ baseUrl: secureUrl, tls: files }, { HTTPS_PROXY: proxy.url });
    expect(await once(gateway)).toMatchObject({ status: 200 });
    expect(proxy.seen).toEqual([`CONNECT ${new URL(secureUrl).host}`]);
    expect(shown).toEqual(['The gateway']);
  });

  it('uses HTTP_PROXY for a provider without TLS', async () => {
    const gateway = await start({ baseUrl: plain.baseUrl, apiKey: 'up-key' }, { HTTP_PROXY: proxy.url });
    expect(await once(gateway)).toMatchObject({ status: 200 });
    expect(proxy.seen).toEqual([`POST ${plain.baseUrl}/chat/completions`]);
    const [{ headers } = { headers: {} }] = plain.requests;
    expect(headers).toMatchObject({ host: new URL(plain.baseUrl).host, authorization: 'Bearer up-key' });
    expect(headers).not.toHaveProperty('proxy-authorization');
  });

  it.each([
    ['NO_PROXY has the host', {}, { NO_PROXY: '127.0.0.1,.internal' }],
    ['no_proxy is "*"', {}, { no_proxy: '*' }],
    ['the provider has proxy: none', { proxy: 'none' }, {}],
  ] as const)('connects directly when %s', async (_when, settings, environment) => {
    const all = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, ...environment };
    expect(await once(await start({ baseUrl: plain.baseUrl, ...settings }, all))).toMatchObject({ status: 200 });
    expect(proxy.seen).toEqual([]);
    expect(plain.requests).toHaveLength(1);
  });

  it("prefers the provider's own proxy over the environment's", async () => {
    const gateway = await start({ baseUrl: secureUrl, tls: tls(), proxy: proxy.url }, { HTTPS_PROXY: 'http://127.0.0.1:9' });
    expect(await once(gateway)).toMatchObject({ status: 200 });
    expect(proxy.seen).toHaveLength(1);
  });

  it("hides the proxy's address when the proxy refuses or is unreachable", async () => {
    const refusing = proxy.url.replace('pass-word', 'wrong-word');
    for (const [baseUrl, url] of [
      [secureUrl, refusing],
      [plain.baseUrl, refusing],
      [secureUrl, 'http://127.0.0.1:9'],
    ] as const) {
      const { status, text } = await once(await start({ baseUrl, tls: tls(), proxy: url, connectTimeout: '500ms' }));
      expect([status, text]).toEqual([502, expect.not.stringMatching(/wrong-word|127\.0\.0\.1|localhost/)]);
    }
    expect([shown, plain.requests]).toEqual([[], []]);
  });

  it.each([
    ['ca: cannot be read (ENOENT)', () => ({ ca: join(folder, 'nothing.pem') })],
    ['ca: expected a file of certificates', () => ({ ca: file('text.pem', 'no certificate') })],
    ['cert: expected a file of certificates', () => ({ cert: file('key.pem', client.key), key: file('client.key', client.key) })],
    ['key: expected the key of the certificate', () => ({ cert: file('c.pem', client.cert), key: file('o.key', other.key) })],
  ])('refuses to start with providers.up.tls.%s', async (message, files) => {
    await expect(start({ baseUrl: secureUrl, tls: files() })).rejects.toThrow(`providers.up.tls.${message}`);
  });

  it.each([
    ['a baseUrl with a fragment', { baseUrl: 'https://x.example/v1#x' }, 'baseUrl: expected a URL without a fragment'],
    ['an endpoint as baseUrl', { baseUrl: 'https://x.example/v1/chat/completions' }, 'baseUrl: expected the address of the API'],
    [
      'an endpoint with a query as baseUrl',
      { baseUrl: 'https://x.example/v1/messages?a=1' },
      'baseUrl: expected the address of the API',
    ],
    ['a baseUrl that is not a URL', { baseUrl: 'x.example' }, 'baseUrl: '],
    ['a SOCKS proxy', { proxy: 'socks5://x:1' }, 'proxy: expected a URL such as'],
    ['a certificate without its key', { tls: { cert: 'x' } }, 'tls: expected cert and key together'],
  ])('refuses a provider configured with %s', (_what, provider, message) => {
    expect(() => checkConfig({ providers: { up: provider } }, 'test')).toThrow(`providers.up.${message}`);
  });

  it('sends the query of baseUrl in each request', async () => {
    await once(await start({ baseUrl: `${plain.baseUrl}?api-version=2024-10-21&subscription-key=secret-of-the-query` }));
    expect(plain.requests.at(-1)?.path).toBe('/v1/chat/completions?api-version=2024-10-21&subscription-key=secret-of-the-query');
  });

  it('sends the user and password of baseUrl in each request, and no key', async () => {
    const baseUrl = plain.baseUrl.replace('//', '//user:pass%20word@');
    expect(await once(await start({ baseUrl }))).toMatchObject({ status: 200 });
    expect(plain.requests.at(-1)?.headers['authorization']).toBe(`Basic ${Buffer.from('user:pass word').toString('base64')}`);
    await expect(start({ baseUrl, apiKey: 'x' })).rejects.toThrow('providers.up.baseUrl: has a user and password beside');
  });

  it('hides secrets of the query when the provider repeats them', async () => {
    plain.answer(whole('{"error":{"message":"no access with secret-of-the-query"}}', 400));
    const gateway = await start({ baseUrl: `${plain.baseUrl}?subscription-key=secret-of-the-query` });
    expect(await once(gateway)).toMatchObject({ status: 400, text: expect.not.stringContaining('secret-of-the-query') });
  });
});
