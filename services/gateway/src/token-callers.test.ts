import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { checkConfig } from '@sluice/config';
import { ManualClock } from '@sluice/core';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { Groups } from './groups.ts';
import { TokenCallers } from './token-callers.ts';

const ISSUER = 'https://login.example.com';

describe('tokens of an identity provider', () => {
  let server: Server;
  let keys: Awaited<ReturnType<typeof generateKeyPair>>[];
  /** What the issuer answers with, and how often it was asked. */
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
    const health = { works: jest.fn(), failed: jest.fn() };
    const groups = new Groups({ teams: new Map(), tenants: new Map() }, config);
    return { clock, health, tokens: new TokenCallers(config.jwt, groups, clock, health) };
  }

  const sign = (claims: object, { kid = '0', key = 0, alg = 'ES256' } = {}) =>
    new SignJWT({ iss: ISSUER, aud: 'sluice', sub: 'alice', exp: Math.floor(Date.now() / 1_000) + 600, ...claims } as JWTPayload)
      .setProtectedHeader({ alg, kid })
      .sign(keyPair(key).privateKey);

  it('say who calls, of which team and tenant, and within what', async () => {
    const { tokens } = open();
    expect(await tokens.find(await sign({ groups: ['nothing', 'on call'] }))).toEqual({
      keyName: 'login:alice',
      tenant: 'acme',
      team: 'ops',
      models: ['fast'],
      limits: { requests: { limit: 5, windowMs: 60_000 } },
    });
    expect(await tokens.find(await sign({ groups: 'engineering' }))).toMatchObject({ team: 'web' });
    const teamless = await tokens.find(await sign({}));
    expect(teamless).toMatchObject({ tenant: 'acme' });
    expect(teamless).not.toHaveProperty('team');
  });

  it('are a team’s own name where nothing else is said, and nobody’s where neither team nor tenant tells whose data it is', async () => {
    const { tokens } = open({ teams: undefined, tenant: undefined });
    expect(await tokens.find(await sign({ groups: ['web'] }))).toMatchObject({ tenant: 'acme', team: 'web' });
    expect(await tokens.find(await sign({ groups: ['engineering'] }))).toBeUndefined();
    expect(await tokens.find(await sign({}))).toBeUndefined();
    // nor is a name that every object has
    expect(await open().tokens.find(await sign({ groups: ['constructor', '__proto__'] }))).not.toHaveProperty('team');
  });

  it('of one tenant’s issuer are never of another’s team', async () => {
    expect(await open().tokens.find(await sign({ groups: ['strangers'] }))).not.toHaveProperty('team');
  });

  const expired = Math.floor(Date.now() / 1_000) - 60;
  it.each<[what: string, claims: object, header: object]>([
    ['another issuer', { iss: 'https://elsewhere.example.com' }, {}],
    ['another audience', { aud: 'other' }, {}],
    ['no audience', { aud: undefined }, {}],
    ['a time that is over', { exp: expired }, {}],
    ['no end', { exp: undefined }, {}],
    ['a time that is not yet', { nbf: Math.floor(Date.now() / 1_000) + 300 }, {}],
    ['no subject', { sub: undefined }, {}],
    ['a subject that cannot stand in a name', { sub: 'a\nb' }, {}],
    ['another’s signature', {}, { key: 1 }],
    ['an unknown key', {}, { key: 1, kid: '1' }],
  ])('with %s are refused', async (_what, claims, header) => {
    expect(await open().tokens.find(await sign(claims, header))).toBeUndefined();
  });

  it('that are not signed by the issuer’s own key are refused, whatever they say of their signature', async () => {
    const { tokens } = open();
    const [header, body] = (await sign({})).split('.');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`;
    expect(tokens.find(none)).toBeUndefined();
    expect(await tokens.find(`${none}AAAA`)).toBeUndefined();
    expect(await tokens.find(`${header}.${body}.AAAA`)).toBeUndefined();
    // the public key as if it were a secret of both
    const secret = new TextEncoder().encode(JSON.stringify(offered[0]));
    const confused = await new SignJWT({ iss: ISSUER, aud: 'sluice', sub: 'a', exp: expired + 999 })
      .setProtectedHeader({ alg: 'HS256', kid: '0' })
      .sign(secret);
    expect(await tokens.find(confused)).toBeUndefined();
  });

  it('that are none are keys', () => {
    expect(open().tokens.find('sk-sluice-abc')).toBeUndefined();
    const none = new TokenCallers([], { team: () => undefined }, new ManualClock(), { works() {}, failed() {} });
    expect(none.find('eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.AAAA')).toBeUndefined();
  });

  it('are verified once, and no longer than they last', async () => {
    const { tokens, clock } = open();
    const token = await sign({ exp: Math.floor(clock.now() / 1_000) + 60 });
    const caller = await tokens.find(token);
    offered = [];
    expect(await tokens.find(token)).toBe(caller);
    expect(asked).toBe(1);
    clock.advance(95_000);
    expect(await tokens.find(token)).toBeUndefined();
  });

  it('are not called wrong while the issuer cannot be asked', async () => {
    for (const failure of [503, 200]) {
      status = failure;
      offered = failure === 503 ? [] : ([{ kty: 'nothing' }, 5] as unknown as object[]);
      const { tokens, health } = open();
      const found = tokens.find(await sign({}));
      if (failure === 503) {
        await expect(found).rejects.toMatchObject({ code: 'auth_unavailable' });
        expect(health.failed).toHaveBeenCalled();
      } else {
        await expect(found).rejects.toMatchObject({ code: 'auth_unavailable' });
      }
    }
  });

  it('signed with a new key of the issuer’s are taken once it shows the key', async () => {
    const { tokens } = open();
    expect(await tokens.find(await sign({}))).toBeDefined();
    offered = [...offered, { ...(await exportJWK(keyPair(1).publicKey)), kid: '1', alg: 'ES256' }];
    const fresh = open().tokens;
    expect(await fresh.find(await sign({}, { key: 1, kid: '1' }))).toMatchObject({ keyName: 'login:alice' });
  });
});
