import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ask, askAdmin, chat } from '../support/ask.ts';
import { ADMIN_KEY } from '../support/gateway-process.ts';
import { type Replicas, startGateway } from '../support/start-gateway.ts';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Expected outcome for each of these administrators: a = allowed, f = 403, n = 404 (the object is hidden from them). */
const MATRIX: readonly (readonly [method: Method, path: string, body: object | undefined, answers: string])[] = [
  //                                    owner, operator, viewer, acme's owner, acme's operator, web's admin, other's owner
  ['GET', '/stats', undefined, 'a a a f f f f'],
  ['GET', '/providers', undefined, 'a a a f f f f'],
  ['GET', '/config', undefined, 'a f f f f f f'],
  ['GET', '/usage', undefined, 'a a a a a a a'],
  ['GET', '/usage?tenant=acme', undefined, 'a a a a a a f'],
  ['GET', '/audit', undefined, 'a a a a a a a'],
  ['GET', '/audit?team=ops', undefined, 'a a a a a f a'],
  ['GET', '/changes', undefined, 'a a a a a a a'],
  ['GET', '/keys', undefined, 'a a a a a a a'],
  ['GET', '/keys/in-web', undefined, 'a a a a a a n'],
  ['GET', '/keys/in-ops', undefined, 'a a a a a n n'],
  ['PATCH', '/keys/in-web', { metadata: { a: 'b' } }, 'a a f a a a n'],
  ['PATCH', '/keys/in-ops', { metadata: { a: 'b' } }, 'a a f a a n n'],
  // an administrator of a team cannot move a key out of that team
  ['PATCH', '/keys/in-web', { team: 'ops' }, '- - - - - n -'],
  ['PATCH', '/keys/in-web', { team: 'ops' }, 'a a f a a n n'],
  ['PATCH', '/keys/in-web', { team: 'web' }, 'a a f a a a n'],
  ['POST', '/keys/in-web/block', undefined, 'a a f a a a n'],
  ['POST', '/keys/in-web/unblock', undefined, 'a a f a a a n'],
  ['POST', '/keys/in-web/rotate', undefined, 'a a f a a a n'],
  ['DELETE', '/keys/in-ops', undefined, '- - f - - n n'],
  ['POST', '/keys', { name: 'NEW', tenant: 'acme' }, 'a a f a a a f'],
  ['POST', '/keys', { name: 'NEW', team: 'ops' }, 'a a f a a f 4'],
  ['POST', '/keys', { name: 'NEW', team: 'web', tenant: 'other' }, '4 4 f f f f 4'],
  ['GET', '/teams', undefined, 'a a a a a a a'],
  ['GET', '/teams/web', undefined, 'a a a a a a n'],
  ['GET', '/teams/ops', undefined, 'a a a a a n n'],
  ['PATCH', '/teams/web', { metadata: { a: 'b' } }, 'a a f a a f n'],
  ['POST', '/teams', { name: 'NEW', tenant: 'acme' }, 'a a f a a f f'],
  ['GET', '/tenants/acme', undefined, 'a a a a a a n'],
  ['POST', '/tenants', { name: 'NEW' }, 'a f f f f f f'],
  ['PATCH', '/tenants/acme', { metadata: { a: 'b' } }, 'a f f f f f f'],
  ['POST', '/tenants/acme/unblock', undefined, 'a f f f f f f'],
  ['GET', '/admins', undefined, 'a f f a f f a'],
  ['GET', '/admins/me', undefined, 'a a a a a a a'],
  ['GET', '/admins/acme-operator', undefined, 'a f f a f f n'],
  ['GET', '/admins/viewer', undefined, 'a f f n f f n'],
  ['POST', '/admins', { name: 'NEW', role: 'owner' }, 'a f f a f f a'],
  ['POST', '/admins', { name: 'NEW', role: 'owner', tenant: 'acme' }, 'a f f a f f f'],
  ['POST', '/admins', { name: 'NEW', role: 'team', team: 'web' }, 'a f f a f f 4'],
  ['PATCH', '/admins/viewer', { role: 'viewer' }, 'a f f n f f n'],
  ['DELETE', '/admins/viewer', undefined, '- f f n f f n'],
  ['GET', '/cache?tenant=acme', undefined, 'a a a a a f f'],
  ['DELETE', '/cache?tenant=acme', undefined, 'a a f a a f f'],
  ['DELETE', '/cache?all=true', undefined, 'a a f a a f a'],
];

const WHO = ['owner', 'operator', 'viewer', 'acme-owner', 'acme-operator', 'web-admin', 'other-owner'];

describe('administrators', () => {
  let replicas: Replicas;
  const secrets = new Map<string, string>();
  const gateway = (n = 0) => replicas.gateways[n] as Replicas['gateways'][number];
  const by = (who: string, method: string, path: string, body?: object, n = 0) =>
    askAdmin(gateway(n).adminUrl, secrets.get(who) ?? who, method, path, body);
  const made = async (path: string, body: object, who = ADMIN_KEY) => {
    const answer = await by(who, 'POST', path, body);
    expect([body, answer.status]).toEqual([body, 201]);
    return answer.json;
  };

  beforeAll(async () => {
    replicas = await startGateway({
      replicas: 2,
      config: (baseUrl) => ({
        providers: { up: { baseUrl } },
        models: { plain: { targets: [{ provider: 'up', model: 'plain' }] } },
        admins: [{ name: 'configured', secret: 'a-configured-admin-key', role: 'viewer' }],
      }),
    });
    for (const tenant of ['acme', 'other']) await made('/tenants', { name: tenant });
    for (const team of ['web', 'ops']) await made('/teams', { name: team, tenant: 'acme' });
    for (const team of ['web', 'ops']) await made('/keys', { name: `in-${team}`, team });
    const admins = [
      { name: 'owner', role: 'owner' },
      { name: 'operator', role: 'operator' },
      { name: 'viewer', role: 'viewer' },
      { name: 'acme-owner', role: 'owner', tenant: 'acme' },
      { name: 'acme-operator', role: 'operator', tenant: 'acme' },
      { name: 'web-admin', role: 'team', team: 'web' },
      { name: 'other-owner', role: 'owner', tenant: 'other' },
    ];
    for (const admin of admins) secrets.set(admin.name, (await made('/admins', admin))['secret'] as string);
  });
  afterAll(() => replicas.stop());

  it.each(MATRIX)('applies the matrix of rights to %s %s %j', async (method, path, body, answers) => {
    const expected = answers.split(' ');
    const given: string[] = [];
    for (const [n, who] of WHO.entries()) {
      if (expected[n] === '-') {
        given.push('-');
        continue;
      }
      const named = body !== undefined && 'name' in body ? { ...body, name: `new-${Math.random().toString(36).slice(2)}` } : body;
      // the second replica applies the same rights
      const { status } = await by(who, method, path, named, n % 2);
      given.push(status < 300 ? 'a' : status === 403 ? 'f' : status === 404 ? 'n' : `${status}`.slice(0, 1));
    }
    expect(given.join(' ')).toBe(answers);
  });

  it("refuses a team's administrators changes to the team's own limits and to the tenant, whatever their role", async () => {
    for (const role of ['owner', 'operator']) {
      const name = `web-${role}`;
      secrets.set(name, (await made('/admins', { name, role, team: 'web' }))['secret'] as string);
      expect((await by(name, 'GET', '/teams/web')).status).toBe(200);
      expect((await by(name, 'PATCH', '/keys/in-web', { metadata: { by: role } })).status).toBe(200);
      for (const [method, path, body] of [
        ['PATCH', '/teams/web', { limits: { requests: '1000000/min' } }],
        ['POST', '/teams/web/block', undefined],
        ['DELETE', '/teams/web', undefined],
        ['POST', '/teams', { name: 'more', tenant: 'acme' }],
        ['GET', '/cache?tenant=acme', undefined],
        ['DELETE', '/cache?tenant=acme', undefined],
      ] as const) {
        expect([role, method, path, (await by(name, method, path, body)).status]).toEqual([role, method, path, 403]);
      }
    }
    expect((await by(ADMIN_KEY, 'GET', '/teams/web')).json).toMatchObject({ limits: {}, status: 'active' });
  });

  it('shows administrators only objects of their own team or tenant', async () => {
    await made('/keys', { name: 'of-other', tenant: 'other' });
    const seen = async (who: string, path: string, list: string) =>
      ((await by(who, 'GET', path)).json[list] as { name: string; tenant?: string; team?: string }[]) ?? [];
    const keys = await seen('web-admin', '/keys', 'keys');
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.every(({ team }) => team === 'web')).toBe(true);
    expect((await seen('acme-operator', '/keys', 'keys')).every(({ tenant }) => tenant === 'acme')).toBe(true);
    expect((await seen('other-owner', '/tenants', 'tenants')).map(({ name }) => name)).toEqual(['other']);
    expect((await seen('web-admin', '/teams', 'teams')).map(({ name }) => name)).toEqual(['web']);
    expect((await seen('acme-owner', '/admins', 'admins')).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['acme-operator', 'acme-owner', 'web-admin']),
    );
    expect(await seen('acme-owner', '/admins', 'admins')).not.toEqual(expect.arrayContaining([{ name: 'viewer' }]));
    const changes = await seen('web-admin', '/changes', 'changes');
    expect(changes.length).toBeGreaterThan(0);
    expect(changes.every(({ team }) => team === 'web')).toBe(true);
  });

  it("creates objects in the administrator's own tenant and team when the request names none", async () => {
    expect(await made('/keys', { name: 'by-web' }, 'web-admin')).toMatchObject({ tenant: 'acme', team: 'web' });
    expect(await made('/keys', { name: 'by-acme' }, 'acme-operator')).toMatchObject({ tenant: 'acme' });
    expect(await made('/teams', { name: 'by-other' }, 'other-owner')).toMatchObject({ tenant: 'other' });
    expect(await made('/admins', { name: 'by-acme', role: 'owner' }, 'acme-owner')).toMatchObject({ tenant: 'acme' });
  });

  it('hides from administrators the names that other tenants use', async () => {
    for (const [path, more] of [
      ['/keys', { models: ['plain'] }],
      ['/teams', {}],
      ['/admins', { role: 'viewer' }],
    ] as const) {
      const taken = `taken-${path.slice(1)}`;
      await made(path, { name: taken, tenant: 'acme', ...more });
      const answers = [];
      for (const name of [taken, `free-${path.slice(1)}`]) {
        const answer = await by('other-owner', 'POST', path, { name, ...more });
        expect(answer.json).toMatchObject({ name: `other.${name}`, tenant: 'other' });
        const plain = await by('other-owner', 'GET', `${path}/${name}`);
        expect(plain.json).toMatchObject({ name: `other.${name}`, tenant: 'other' });
        // the tenant's own name is taken
        expect((await by('other-owner', 'POST', path, { name, ...more })).status).toBe(409);
        answers.push([answer.status, plain.status]);
      }
      expect(answers).toEqual([
        [201, 200],
        [201, 200],
      ]);
    }
    const messages = [];
    for (const team of ['web', 'no-such-team']) {
      const { json } = await by('other-owner', 'POST', '/keys', { name: 'x', team });
      messages.push(JSON.stringify(json).replaceAll(team, 'TEAM'));
    }
    expect(messages[0]).toBe(messages[1]);
  });

  it("resolves a plain name to an object of the administrator's own tenant", async () => {
    await made('/keys', { name: 'plain-of-other', tenant: 'other' });
    expect((await by('other-owner', 'PATCH', '/keys/plain-of-other', { metadata: { a: 'b' } })).status).toBe(200);
    expect((await by('other-owner', 'POST', '/keys', { name: 'plain-of-other' })).status).toBe(409);
    const tooLong = await by('other-owner', 'POST', '/keys', { name: 'x'.repeat(60) });
    expect([tooLong.status, tooLong.json['field']]).toEqual([400, 'name']);
  });

  it('accepts administrators from the configuration, and refuses to change them by the API', async () => {
    expect((await by('a-configured-admin-key', 'GET', '/admins/me')).json).toEqual({ name: 'configured', role: 'viewer' });
    expect((await by(ADMIN_KEY, 'GET', '/admins/me')).json).toEqual({ name: '@environment', role: 'owner' });
    for (const [method, path, body] of [
      ['PATCH', '/admins/configured', { role: 'owner' }],
      ['DELETE', '/admins/configured', undefined],
      ['POST', '/admins', { name: 'configured', role: 'owner' }],
    ] as const) {
      expect((await by(ADMIN_KEY, method, path, body)).status).toBe(409);
    }
  });

  it("rotates an administrator's own key, and refuses a deleted administrator on all replicas", async () => {
    secrets.set('leaver', (await made('/admins', { name: 'leaver', role: 'viewer' }))['secret'] as string);
    const first = secrets.get('leaver') as string;
    const rotated = await by('leaver', 'POST', '/admins/leaver/rotate');
    expect(rotated.status).toBe(200);
    expect(rotated.json['secret']).toMatch(/^sk-sluice-admin-[0-9A-Za-z]{43}$/);
    secrets.set('leaver', rotated.json['secret'] as string);
    await waitFor(async () => (await by(first, 'GET', '/keys', undefined, 1)).status === 401, 'the first key to end');
    expect((await by('leaver', 'POST', '/admins/viewer/rotate')).status).toBe(403);
    expect((await by('leaver', 'GET', '/keys', undefined, 1)).status).toBe(200);
    expect((await by(ADMIN_KEY, 'DELETE', '/admins/leaver')).status).toBe(204);
    await waitFor(async () => (await by('leaver', 'GET', '/keys', undefined, 1)).status === 401, 'the leaver to be out');
  });

  it('shows no secret, and no hash of a secret', async () => {
    for (const path of ['/admins', '/admins/viewer', '/keys', '/changes', '/config', '/teams', '/tenants']) {
      const { text } = await by(ADMIN_KEY, 'GET', path);
      expect(text).not.toMatch(/hash|sk-sluice-(admin-)?[0-9A-Za-z]{43}|a-configured-admin-key/i);
    }
    // an administrator's key is not an API key, and an API key is not an administrator's key
    expect((await ask(gateway().url, chat('plain', 'x'), { key: secrets.get('owner') as string })).status).toBe(401);
  });
});
