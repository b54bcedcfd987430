import { describe, expect, it, jest } from '@jest/globals';
import { ManualClock } from '@sluice/core/testing';
import { MemoryKeys, MemoryRegistry } from '@sluice/store/memory';
import type { KeyRecord } from '@sluice/store/ports';
import { hashSecret, KeyCache } from './key-cache.ts';

const record = (more: Partial<KeyRecord> = {}): KeyRecord => ({
  name: 'a',
  hash: hashSecret('secret-a'),
  tenant: 't',
  limits: {},
  ...more,
});

async function setUp(first?: KeyRecord) {
  const clock = new ManualClock();
  const keys = new MemoryKeys(new MemoryRegistry());
  if (first !== undefined) await keys.put(first);
  const find = jest.spyOn(keys, 'find');
  return { clock, keys, find, cache: new KeyCache(keys, clock) };
}

describe('KeyCache', () => {
  it('looks up a frequently used key once, and again after a minute', async () => {
    const { clock, find, cache } = await setUp(record());
    for (let n = 0; n < 5; n++) expect(await cache.find('secret-a')).toMatchObject({ keyName: 'a', tenant: 't' });
    expect(find).toHaveBeenCalledTimes(1);
    clock.advance(60_000);
    await cache.find('secret-a');
    expect(find).toHaveBeenCalledTimes(2);
  });

  it('looks up a key once for concurrent calls', async () => {
    const { find, cache } = await setUp(record());
    await Promise.all(Array.from({ length: 20 }, () => cache.find('secret-a')));
    expect(find).toHaveBeenCalledTimes(1);
  });

  it('caches an unknown key, and finds it once it is created', async () => {
    const { keys, find, cache } = await setUp();
    expect(await cache.find('secret-a')).toBeUndefined();
    expect(await cache.find('secret-a')).toBeUndefined();
    expect(find).toHaveBeenCalledTimes(1);
    await keys.put(record());
    expect(await cache.find('secret-a')).toBeDefined();
  });

  it('does not look up a secret that is too long for a key', async () => {
    const { find, cache } = await setUp();
    expect(await cache.find('x'.repeat(513))).toBeUndefined();
    expect(find).not.toHaveBeenCalled();
  });

  it('refuses a key at once when it is revoked, and when it has expired', async () => {
    const { clock, keys, cache } = await setUp(record());
    await keys.put(record({ name: 'b', hash: hashSecret('secret-b'), expiresAtMs: clock.now() + 1_000 }));
    expect(await cache.find('secret-a')).toBeDefined();
    await keys.revoke('a', clock.now());
    expect(await cache.find('secret-a')).toBeUndefined();
    expect(await cache.find('secret-b')).toBeDefined();
    clock.advance(1_000);
    expect(await cache.find('secret-b')).toBeUndefined();
  });

  it('discards a lookup that was in flight while the key was revoked', async () => {
    const { clock, keys, find, cache } = await setUp(record());
    let arrive: (found: KeyRecord) => void = () => {};
    find.mockImplementationOnce(
      () =>
        new Promise((resolve) => {
          arrive = resolve;
        }),
    );
    const first = cache.find('secret-a');
    await keys.revoke('a', clock.now());
    arrive(record());
    await first;
    expect(await cache.find('secret-a')).toBeUndefined();
  });

  it('accepts recently valid keys for five minutes when the store is unavailable', async () => {
    const { clock, find, cache } = await setUp(record());
    await cache.find('secret-a');
    find.mockRejectedValue(new Error('away'));
    clock.advance(299_999);
    expect(await cache.find('secret-a')).toBeDefined();
    clock.advance(1);
    await expect(cache.find('secret-a')).rejects.toMatchObject({ code: 'auth_unavailable' });
  });

  it('reports an unavailable store, not an invalid key, for a key that was never seen', async () => {
    const { find, cache } = await setUp();
    find.mockRejectedValue(new Error('away'));
    await expect(cache.find('secret-a')).rejects.toMatchObject({ code: 'auth_unavailable', status: 503 });
  });

  it('never accepts a revoked key again, even when the store is unavailable', async () => {
    const { clock, keys, find, cache } = await setUp(record());
    await cache.find('secret-a');
    await keys.revoke('a', clock.now());
    await cache.find('secret-a');
    find.mockRejectedValue(new Error('away'));
    expect(await cache.find('secret-a')).toBeUndefined();
    clock.advance(2_000_000);
    expect(await cache.find('secret-a')).toBeUndefined();
  });
});
