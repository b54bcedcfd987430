import { describe, expect, it } from '@jest/globals';
import { noopHealth, systemClock } from '@sluice/core';
import { memoryStores } from '@sluice/store/memory';
import type { KeyRecord, TeamRecord } from '@sluice/store/ports';
import { ConfiguredKeys } from '../../identity/configured-keys.ts';
import { RegistryView } from '../../identity/registry-view.ts';
import { KeyStore } from './key-store.ts';
import { RegistryStore } from './resource-store.ts';

const conflict = expect.objectContaining({ status: 409, code: 'conflict' });

describe('RegistryStore', () => {
  const team: TeamRecord = { name: 'web', tenant: 'acme', limits: {} };

  function open() {
    const { registry } = memoryStores();
    const view = new RegistryView(registry, noopHealth);
    const store = new RegistryStore({
      kind: 'team',
      registry,
      view,
      find: (name) => view.teams.get(name),
      isConfigured: (name) => name === 'fixed',
    });
    const journal = async () => (await registry.journal(10)).map(({ record }) => record);
    return { store, view, journal };
  }

  it('reads its own writes, and writes each with its journal line', async () => {
    const { store, view, journal } = open();
    expect(await store.create(team, '{"n":1}')).toBe(true);
    expect(store.find('web')).toEqual(team);
    const blocked = { ...team, blockedAtMs: 1 };
    expect(await store.change(team, (record) => ({ record: { ...record, blockedAtMs: 1 }, change: '{"n":2}' }))).toEqual(blocked);
    await store.remove(blocked, () => '{"n":3}');
    expect(store.find('web')).toBeUndefined();
    expect(await journal()).toEqual(['{"n":3}', '{"n":2}', '{"n":1}']);
    view.close();
  });

  it('refuses a name that is taken or configured', async () => {
    const { store, view } = open();
    await store.create(team, '{}');
    expect(await store.create(team, '{}')).toBe(false);
    expect(await store.create({ ...team, name: 'fixed' }, '{}')).toBe(false);
    view.close();
  });

  it('refuses a change or removal of a record that another request changed', async () => {
    const { store, view, journal } = open();
    await store.create(team, '{}');
    const outdated = { ...team, tenant: 'other' };
    await expect(store.change(outdated, (record) => ({ record, change: '{}' }))).rejects.toEqual(conflict);
    await expect(store.remove(outdated, () => '{}')).rejects.toEqual(conflict);
    expect(await journal()).toHaveLength(1);
    view.close();
  });
});

describe('KeyStore', () => {
  const key: KeyRecord = { name: 'app', hash: 'h', tenant: 'acme', limits: {} };

  it('writes a revocation to the journal once, and refuses changes afterwards', async () => {
    const { keys, registry } = memoryStores();
    const store = new KeyStore(new ConfiguredKeys(keys, []), systemClock);
    await store.create(key, '{"n":1}');
    await store.remove(key, ({ revokedAtMs }) => JSON.stringify({ revoked: revokedAtMs !== undefined }));
    const revoked = await store.find('app');
    expect(revoked?.revokedAtMs).toEqual(expect.any(Number));
    await store.remove(revoked ?? key, () => '{"n":3}');
    await expect(store.change(key, (record) => ({ record, change: '{"n":4}' }))).rejects.toEqual(conflict);
    expect((await registry.journal(10)).map(({ record }) => record)).toEqual(['{"revoked":true}', '{"n":1}']);
  });
});
