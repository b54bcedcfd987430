import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkConfig } from '@sluice/config';
import type { Gateway } from '@sluice/gateway';
import { type RawAnswer, sendRaw } from '../support/raw-request.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-the-pages';
const PAGE = 'https://app.example.com';

const headersOf = ({ head }: RawAnswer): Headers =>
  new Headers(
    head
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(': ', 2) as [string, string]),
  );

/** Sends a request as a browser does. The fetch of Node.js does not send `Origin`. */
const ask = async (gateway: Gateway, line: string, ...headers: string[]) => {
  const answer = await sendRaw(gateway.url, [
    `${[`${line} HTTP/1.1`, 'host: gateway', 'connection: close', ...headers].join('\r\n')}\r\n\r\n`,
  ]);
  return { ...answer, headers: headersOf(answer) };
};

const preflight = (gateway: Gateway, origin: string, path = '/v1/chat/completions') =>
  ask(
    gateway,
    `OPTIONS ${path}`,
    `origin: ${origin}`,
    'access-control-request-method: POST',
    'access-control-request-headers: authorization,content-type,x-stainless-lang',
  );

const start = (cors?: { origins: string[] }) =>
  startGateway({ config: { keys: [{ name: 'pages', secret: KEY }], ...(cors === undefined ? {} : { cors }) } });

describe('pages of other origins', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await start({ origins: [PAGE, 'http://localhost:3000'] });
  });
  afterAll(() => gateway.close(0));

  it('accepts the preflight of a configured origin without a key', async () => {
    for (const path of ['/v1/chat/completions', '/v1beta/models/x:generateContent', '/v1/files']) {
      const { status, body, headers } = await preflight(gateway, PAGE, path);
      expect([status, body]).toEqual([204, '']);
      expect(headers.get('access-control-allow-origin')).toBe(PAGE);
      expect(headers.get('access-control-allow-methods')).toContain('POST');
      expect(headers.get('access-control-allow-headers')).toBe('authorization,content-type,x-stainless-lang');
      expect(headers.get('vary')).toBe('origin');
      expect(headers.has('access-control-allow-credentials')).toBe(false);
    }
  });

  it('lets a configured origin read responses, errors and their headers', async () => {
    const key = `authorization: Bearer ${KEY}`;
    for (const [line, status, ...more] of [
      ['GET /v1/models', 200, key],
      ['GET /v1/models', 401],
      ['GET /nothing', 404, key],
    ] as const) {
      const answer = await ask(gateway, line, `origin: ${PAGE}`, ...more);
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([status, PAGE]);
      expect(answer.headers.get('access-control-expose-headers')).toContain('x-request-id');
      expect(answer.headers.get('access-control-expose-headers')).toContain('x-ratelimit-remaining-tokens');
      expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
    }
  });

  it.each([
    'https://evil.example',
    'https://app.example.com.evil.example',
    'http://app.example.com',
    'https://app.example.com:444',
    'null',
  ])('allows nothing to %s', async (origin) => {
    const refused = await preflight(gateway, origin);
    expect(refused.status).toBe(405);
    const read = await ask(gateway, 'GET /v1/models', `origin: ${origin}`, `authorization: Bearer ${KEY}`);
    for (const { headers } of [refused, read]) {
      expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
      expect(headers.get('vary')).toBe('origin');
    }
  });

  it('allows nothing to any origin when none is configured', async () => {
    const closed = await start();
    const { status, headers } = await preflight(closed, PAGE);
    await closed.close(0);
    expect([status, headers.has('access-control-allow-origin'), headers.has('vary')]).toEqual([405, false, false]);
  });

  it('allows every origin with "*", and none with credentials', async () => {
    const open = await start({ origins: ['*'] });
    const { status, headers } = await preflight(open, 'https://any.example');
    await open.close(0);
    expect([status, headers.get('access-control-allow-origin')]).toEqual([204, '*']);
    expect(headers.has('access-control-allow-credentials')).toBe(false);
  });

  it.each(['app.example.com', 'https://app.example.com/', 'https://App.example.com', 'https://*.example.com', ''])(
    'refuses the configured origin %j',
    (origin) => {
      expect(() => checkConfig({ cors: { origins: [origin] } }, 'test')).toThrow('cors.origins[0]: expected an origin');
    },
  );
});
