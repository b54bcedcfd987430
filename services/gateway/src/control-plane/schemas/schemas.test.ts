import { describe, expect, it } from '@jest/globals';
import { systemClock } from '@sluice/core';
import { makeAdmin, shownAdmin } from '../resources/admin-forms.ts';
import { makeGroup, shownGroup } from '../resources/group-forms.ts';
import { KeyForms } from '../resources/key-forms.ts';
import { shownKey } from '../resources/shown-key.ts';
import { adminSchemas } from './admin-schemas.ts';
import { teamSchemas, tenantSchemas } from './group-schemas.ts';
import { keySchemas } from './key-schemas.ts';
import { withArticle } from './resource-schemas.ts';

const by = { name: 'root', role: 'owner' } as const;
const groups = { team: (name: string) => (name === 'web' ? { name, tenant: 'acme', limits: {} } : undefined) };

const limited = {
  limits: { requests: ['60/min', '1000/day'], tokens: '5/10s', concurrent: 3, unpriced: 'refuse' },
  budget: ['5 USD/day soft', '50 USD/month'],
  metadata: { owner: 'ann' },
};

describe('schemas of a resource', () => {
  it('returns every term of a key in the form of the request', async () => {
    const request = {
      name: 'app',
      tenant: 'acme',
      team: 'web',
      models: ['fast', 'gpt-*'],
      routes: ['/v1/chat/*'],
      allowedIps: ['10.0.0.0/8'],
      users: { limits: { requests: '5/min' }, budget: '1 USD' },
      tags: { stage: 'test' },
      ...limited,
    };
    const forms = new KeyForms(groups, systemClock);
    const { record } = await forms.make('app', keySchemas.create.parse(request), by);
    const shown = shownKey(record, systemClock.now());
    expect(shown).toMatchObject(request);
    expect(keySchemas.record.parse(shown)).toEqual(shown);
    expect(JSON.stringify(shown)).not.toContain(record.hash);
  });

  it.each([
    ['team', teamSchemas],
    ['tenant', tenantSchemas],
  ] as const)('returns every term of a %s in the form of the request', (kind, schemas) => {
    const request = { name: 'a', ...(kind === 'team' ? { tenant: 'acme' } : {}), ...limited };
    const shown = shownGroup(makeGroup(kind, 'a', schemas.create.parse(request)), false);
    expect(shown).toEqual({ ...request, status: 'active' });
    expect(schemas.record.parse(shown)).toEqual(shown);
  });

  it('returns an administrator without the hash of its key', async () => {
    const request = adminSchemas.create.parse({ name: 'ann', role: 'team', team: 'web' });
    const { record, secret } = await makeAdmin('ann', request, { by, groups, clock: systemClock });
    const shown = shownAdmin(record);
    expect(shown).toEqual({ name: 'ann', role: 'team', team: 'web', createdAtMs: expect.any(Number) });
    expect(adminSchemas.record.parse(shown)).toEqual(shown);
    expect(secret).toMatch(/^sk-sluice-admin-/);
  });

  it('accepts null in a patch for every field that can be removed, and no unknown field', () => {
    const fields = ['team', 'expiresAt', 'models', 'routes', 'allowedIps', 'budget', 'users', 'tags', 'metadata'];
    const removal = Object.fromEntries(fields.map((field) => [field, null]));
    expect(keySchemas.patch.parse({ ...removal, limits: { requests: null } })).toEqual({
      ...removal,
      limits: { requests: null },
    });
    expect(keySchemas.patch.parse({})).toEqual({});
    for (const patch of [{ limits: null }, { name: 'x' }, { tenant: 'x' }, { colour: 'red' }]) {
      expect([patch, keySchemas.patch.safeParse(patch).success]).toEqual([patch, false]);
    }
    expect(teamSchemas.patch.parse({ budget: null, metadata: null })).toEqual({ budget: null, metadata: null });
    expect(teamSchemas.patch.safeParse({ tenant: 'x' }).success).toBe(false);
  });

  it('keeps unknown fields of a response, so that a newer gateway can add some', () => {
    const page = { keys: [{ name: 'a', tenant: 'a', status: 'active', limits: { images: '5/min' }, colour: 'red' }], total: 1 };
    expect(keySchemas.page.parse(page)).toEqual(page);
  });

  it('accepts limits of older records that exceed the bounds of requests', () => {
    const key = { name: 'a', tenant: 'a', status: 'active', limits: { requests: '99999999999999999999/min' } };
    expect(keySchemas.record.safeParse(key).success).toBe(true);
    expect(keySchemas.create.safeParse({ name: 'a', limits: key.limits }).success).toBe(false);
  });

  it('names a record with its article', () => {
    expect(['key', 'administrator'].map(withArticle)).toEqual(['a key', 'an administrator']);
  });
});
