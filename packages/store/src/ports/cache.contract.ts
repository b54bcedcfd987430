import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type Clock, systemClock } from '@sluice/core';
import { waitFor } from '@sluice/core/testing';
import { ALIAS_PREFIX, type Cache, type CacheEntry } from './cache.ts';

const entry = (body: Uint8Array, more: Partial<CacheEntry> = {}): CacheEntry => ({
  contentType: 'application/json',
  body,
  streamed: false,
  usage: { inputTokens: 3, outputTokens: 4 },
  cost: 5,
  provider: 'openai',
  providerModel: 'gpt-4o-mini',
  storedAtMs: systemClock.now(),
  expiresAtMs: systemClock.now() + 60_000,
  ...more,
});

let unique = 0;

/** Every adapter of `Cache` passes this. */
export function cacheContract(adapter: string, open: (clock: Clock) => Cache): void {
  describe(`cache (${adapter})`, () => {
    const key = () => ({ scope: `scope-${++unique}`, namespace: '', model: 'm', digest: 'd'.repeat(64) });

    it('returns a stored entry byte for byte', async () => {
      const cache = open(systemClock);
      const at = key();
      const stored = entry(Buffer.from([0, 10, 13, 255, 128, 34, 10, 10]), { streamed: true });
      await cache.set(at, stored);
      const found = await cache.get(at);
      expect(found).toEqual({ ...stored, body: expect.anything() });
      expect(Buffer.from(found?.body ?? [])).toEqual(stored.body);
    });

    it('returns undefined for an unknown entry', async () => {
      expect(await open(systemClock).get(key())).toBeUndefined();
    });

    it('separates entries by scope', async () => {
      const cache = open(systemClock);
      const at = key();
      await cache.set(at, entry(Buffer.from('mine')));
      expect(await cache.get({ ...at, scope: `${at.scope}x` })).toBeUndefined();
    });

    it('expires an entry after its time to live', async () => {
      let now = systemClock.now();
      const cache = open({ now: () => now, monotonic: () => 0 });
      const at = key();
      await cache.set(at, entry(Buffer.from('old'), { storedAtMs: now, expiresAtMs: now + 1_000 }));
      expect(await cache.get(at)).toBeDefined();
      now += 1_001;
      expect(await cache.get(at)).toBeUndefined();
    });

    it('replaces an entry that is stored again', async () => {
      const cache = open(systemClock);
      const at = key();
      await cache.set(at, entry(Buffer.from('one')));
      await cache.set(at, entry(Buffer.from('two')));
      expect(Buffer.from((await cache.get(at))?.body ?? []).toString()).toBe('two');
    });

    it('separates entries by namespace and model', async () => {
      const cache = open(systemClock);
      const at = key();
      await cache.set(at, entry(Buffer.from('x')));
      expect(await cache.get({ ...at, namespace: 'n' })).toBeUndefined();
      expect(await cache.get({ ...at, model: 'other' })).toBeUndefined();
    });

    it('returns an entry of many equal bytes, and one of bytes that cannot be compressed', async () => {
      const cache = open(systemClock);
      for (const body of [Buffer.alloc(100_000, 'x'), Buffer.alloc(10_000, 'x'), randomBytes(20_000)]) {
        const at = key();
        await cache.set(at, entry(body));
        expect(Buffer.from((await cache.get(at))?.body ?? []).equals(body)).toBe(true);
      }
    });

    it('gives an entry a second name until that expires', async () => {
      let now = systemClock.now();
      const cache = open({ now: () => now, monotonic: () => 0 });
      const at = key();
      const alias = { ...at, digest: `${ALIAS_PREFIX}${'e'.repeat(43)}` };
      expect(await cache.alias(alias)).toBeUndefined();
      await cache.setAlias(alias, at.digest, now + 1_000);
      expect(await cache.alias(alias)).toBe(at.digest);
      expect(await cache.alias({ ...alias, scope: `${at.scope}x` })).toBeUndefined();
      now += 1_001;
      await waitFor(async () => (await cache.alias(alias)) === undefined, 'the alias to expire');
    });

    it('does not list aliases, and removes them with the entries', async () => {
      const cache = open(systemClock);
      const at = key();
      const alias = { ...at, digest: `${ALIAS_PREFIX}${'e'.repeat(43)}` };
      await cache.set(at, entry(Buffer.from('x')));
      await cache.setAlias(alias, at.digest, systemClock.now() + 60_000);
      expect((await cache.list({ scope: at.scope }, 9)).total).toBe(1);
      expect(await cache.clear({ scope: at.scope })).toBe(1);
      expect(await cache.alias(alias)).toBeUndefined();
    });

    it('lists and removes the entries with a tag', async () => {
      const cache = open(systemClock);
      const at = key();
      const other = { ...at, digest: 'f'.repeat(64) };
      const elsewhere = { ...at, scope: `${at.scope}2` };
      await cache.set(at, entry(Buffer.from('x'), { tags: ['docs', 'v1'] }));
      await cache.set(other, entry(Buffer.from('y'), { tags: ['v1'] }));
      await cache.set(elsewhere, entry(Buffer.from('z'), { tags: ['docs'] }));
      expect((await cache.list({ scope: at.scope, tag: 'v1' }, 9)).total).toBe(2);
      expect(await cache.list({ scope: at.scope, tag: 'docs' }, 9)).toMatchObject({
        total: 1,
        entries: [{ head: { tags: ['docs', 'v1'] } }],
      });
      expect((await cache.list({ scope: at.scope, tag: 'doc*' }, 9)).total).toBe(0);
      expect(await cache.clear({ scope: at.scope, tag: 'v1', model: 'other' })).toBe(0);
      expect(await cache.clear({ scope: at.scope, tag: 'docs' })).toBe(1);
      expect(await cache.get(at)).toBeUndefined();
      expect(await cache.get(other)).toBeDefined();
      expect(await cache.clear({ tag: 'docs' })).toBe(1);
      expect(await cache.get(elsewhere)).toBeUndefined();
    });

    it('lists and removes the entries of a scope, a namespace or a model', async () => {
      const cache = open(systemClock);
      const { scope } = key();
      const models = ['m', 'up/m*:v1', '[m]?'];
      for (const namespace of ['', 'n'])
        for (const model of models)
          await cache.set({ scope, namespace, model, digest: 'a'.repeat(64) }, entry(Buffer.alloc(2_000)));
      await cache.set({ scope: `${scope}2`, namespace: '', model: 'm', digest: 'a'.repeat(64) }, entry(Buffer.from('x')));

      const all = await cache.list({ scope }, 100);
      expect(all.total).toBe(6);
      expect(new Set(all.entries.map(({ key: { namespace, model } }) => `${namespace} ${model}`)).size).toBe(6);
      expect(all.entries[0]?.head).not.toHaveProperty('body');
      expect(all.entries[0]?.head).toMatchObject({ provider: 'openai', cost: 5 });
      expect(all.entries[0]?.bytes).toBeGreaterThan(2_000);
      expect(await cache.list({ scope }, 2)).toMatchObject({ total: 6, entries: [{}, {}] });
      expect((await cache.list({ scope, model: 'up/m*:v1' }, 9)).total).toBe(2);
      expect((await cache.list({ scope, model: 'up/m' }, 9)).total).toBe(0);
      expect((await cache.list({ scope, namespace: '' }, 9)).total).toBe(3);

      const one = { scope, namespace: 'n', model: '[m]?', digest: 'a'.repeat(64) };
      expect(await cache.remove(one)).toBe(true);
      expect(await cache.remove(one)).toBe(false);
      expect(await cache.clear({ scope, model: 'm' })).toBe(2);
      expect(await cache.clear({ scope, namespace: 'n' })).toBe(1);
      expect(await cache.clear({ scope })).toBe(2);
      expect((await cache.list({ scope }, 9)).total).toBe(0);
      expect((await cache.list({ scope: `${scope}2` }, 9)).total).toBe(1);
    });
  });
}
