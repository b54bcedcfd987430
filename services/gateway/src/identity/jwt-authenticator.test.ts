import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { checkConfig } from '@sluice/config';
import { ManualClock } from '@sluice/core/testing';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { JwtAuthenticator } from './jwt-authenticator.ts';
import { QuotaScopes } from './quota-scopes.ts';

const ISSUER = 'https://login.example.com';

describe('JwtAuthenticator', () => {
  let server: Server;
  let keys: Awaited<ReturnType<typeof generateKeyPair>>[];
  /** Keys and status that the issuer returns, and how often it was called. */
  let offered: object[] = [];
  let status = 200;
  let asked = 0;
  const keyPair = (n: number) => keys[n] as (typeof keys)[number];
  beforeAll(async () => {
    keys = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
    server = createServer((_request, response) => {
      asked++;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: offered }));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
  });
  afterAll(() => void server.close());
  beforeEach(async () => {
    offered = [{ ...(await exportJWK(keyPair(0).publicKey)), kid: '0', alg: 'ES256' }];
    status = 200;
    asked = 0;
  });

  function open(more: object = {}) {
    const { port } = server.address() as AddressInfo;
    const config = checkConfig(
      {
        teams: { web: { tenant: 'acme' }, ops: { tenant: 'acme' }, theirs: { tenant: 'other' } },
        jwt: [
          {
            name: 'login',
            issuer: ISSUER,
            audience: 'sluice',
            jwks: `http://127.0.0.1:${port}/jwks`,
            tenant: 'acme',
            teamClaim: 'groups',
            teams: { engineering: 'web', 'on call': 'ops', strangers: 'theirs' },
            models: ['fast'],
            limits: { requests: '5/min' },
            ...more,
          },
        ],
      },
      'test',
    );
    const clock = new ManualClock(Date.now());
    const health = { success: jest.fn(), failure: jest.fn() };
    const groups = new QuotaScopes({ teams: new Map(), tenants: new Map() }, config);
    return { clock, health, tokens: new JwtAuthenticator(config.jwt, groups, clock, health) };
  }

  const sign = (claims: object, { kid = '0', key = 0, alg = 'ES256' } = {}) =>
    new SignJWT({ iss: ISSUER, aud: 'sluice', sub: 'alice', exp: Math.floor(Date.now() / 1_000) + 600, ...claims } as JWTPayload)
      .setProtectedHeader({ alg, kid })
      .sign(keyPair(key).privateKey);

  it('returns the principal of a token with its team, tenant and limits', async () => {
    const { tokens } = open();
    expect(await tokens.find(await sign({ groups: ['nothing', 'on call'] }))).toEqual({
      keyName: 'login:alice',
      tenant: 'acme',
      team: 'ops',
      models: ['fast'],
      limits: { requests: [{ limit: 5, windowMs: 60_000 }] },
    });
    expect(await tokens.find(await sign({ groups: 'engineering' }))).toMatchObject({ team: 'web' });
    const teamless = await tokens.find(await sign({}));
    expect(teamless).toMatchObject({ tenant: 'acme' });
    expect(teamless).not.toHaveProperty('team');
  });

  it("uses the claim as the team's name without a mapping, and refuses a token without team and tenant", async () => {
    const { tokens } = open({ teams: undefined, tenant: undefined });
    expect(await tokens.find(await sign({ groups: ['web'] }))).toMatchObject({ tenant: 'acme', team: 'web' });
    expect(await tokens.find(await sign({ groups: ['engineering'] }))).toBeUndefined();
    expect(await tokens.find(await sign({}))).toBeUndefined();
    // a property name of every object is no team
    expect(await open().tokens.find(await sign({ groups: ['constructor', '__proto__'] }))).not.toHaveProperty('team');
  });

  it("never assigns another tenant's team to a token of a single-tenant issuer", async () => {
    expect(await open().tokens.find(await sign({ groups: ['strangers'] }))).not.toHaveProperty('team');
  });

  const expired = Math.floor(Date.now() / 1_000) - 60;
  it.each<[what: string, claims: object, header: object]>([
    ['another issuer', { iss: 'https://elsewhere.example.com' }, {}],
    ['another audience', { aud: 'other' }, {}],
    ['no audience', { aud: undefined }, {}],
    ['a past expiry', { exp: expired }, {}],
    ['no expiry', { exp: undefined }, {}],
    ['a start in the future', { nbf: Math.floor(Date.now() / 1_000) + 300 }, {}],
    ['no subject', { sub: undefined }, {}],
    ['a subject that is invalid in a name', { sub: 'a\nb' }, {}],
    ['a signature by another key', {}, { key: 1 }],
    ['an unknown key', {}, { key: 1, kid: '1' }],
  ])('refuses a token with %s', async (_what, claims, header) => {
    expect(await open().tokens.find(await sign(claims, header))).toBeUndefined();
  });

  it("refuses a token without the issuer's own signature, whatever its header declares", async () => {
    const { tokens } = open();
    const [header, body] = (await sign({})).split('.');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`;
    expect(tokens.find(none)).toBeUndefined();
    expect(await tokens.find(`${none}AAAA`)).toBeUndefined();
    expect(await tokens.find(`${header}.${body}.AAAA`)).toBeUndefined();
    // the public key used as a shared secret
    const secret = new TextEncoder().encode(JSON.stringify(offered[0]));
    const confused = await new SignJWT({ iss: ISSUER, aud: 'sluice', sub: 'a', exp: expired + 999 })
      .setProtectedHeader({ alg: 'HS256', kid: '0' })
      .sign(secret);
    expect(await tokens.find(confused)).toBeUndefined();
  });

  it('treats a secret that is no token as a key', () => {
    expect(open().tokens.find('sk-sluice-abc')).toBeUndefined();
    const none = new JwtAuthenticator([], { team: () => undefined }, new ManualClock(), { success() {}, failure() {} });
    expect(none.find('eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.AAAA')).toBeUndefined();
  });

  it('verifies a token once, and accepts it no longer than its expiry', async () => {
    const { tokens, clock } = open();
    const token = await sign({ exp: Math.floor(clock.now() / 1_000) + 60 });
    const caller = await tokens.find(token);
    offered = [];
    expect(await tokens.find(token)).toBe(caller);
    expect(asked).toBe(1);
    clock.advance(95_000);
    expect(await tokens.find(token)).toBeUndefined();
  });

  it('reports an unavailable issuer instead of an invalid token', async () => {
    for (const failure of [503, 200]) {
      status = failure;
      offered = failure === 503 ? [] : ([{ kty: 'nothing' }, 5] as unknown as object[]);
      const { tokens, health } = open();
      const found = tokens.find(await sign({}));
      if (failure === 503) {
        await expect(found).rejects.toMatchObject({ code: 'auth_unavailable' });
        expect(health.failure).toHaveBeenCalled();
      } else {
        await expect(found).rejects.toMatchObject({ code: 'auth_unavailable' });
      }
    }
  });

  it('accepts a token with a new key of the issuer once the issuer publishes it', async () => {
    const { tokens } = open();
    expect(await tokens.find(await sign({}))).toBeDefined();
    offered = [...offered, { ...(await exportJWK(keyPair(1).publicKey)), kid: '1', alg: 'ES256' }];
    const fresh = open().tokens;
    expect(await fresh.find(await sign({}, { key: 1, kid: '1' }))).toMatchObject({ keyName: 'login:alice' });
  });
});
