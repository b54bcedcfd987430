import { describe, expect, it } from '@jest/globals';
import { type Clock, systemClock } from '@sluice/core';
import type { Cache, CacheEntry } from './cache.ts';

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
    const key = () => ({ scope: `scope-${++unique}`, digest: 'd'.repeat(64) });

    it('gives back what was stored, byte for byte', async () => {
      const cache = open(systemClock);
      const at = key();
      const stored = entry(Buffer.from([0, 10, 13, 255, 128, 34, 10, 10]), { streamed: true });
      await cache.set(at, stored);
      const found = await cache.get(at);
      expect(found).toEqual({ ...stored, body: expect.anything() });
      expect(Buffer.from(found?.body ?? [])).toEqual(stored.body);
    });

    it('knows nothing of what was not stored', async () => {
      expect(await open(systemClock).get(key())).toBeUndefined();
    });

    it('keeps scopes apart', async () => {
      const cache = open(systemClock);
      const at = key();
      await cache.set(at, entry(Buffer.from('mine')));
      expect(await cache.get({ ...at, scope: `${at.scope}x` })).toBeUndefined();
    });

    it('lets an entry go when its time is over', async () => {
      let now = systemClock.now();
      const cache = open({ now: () => now, monotonic: () => 0 });
      const at = key();
      await cache.set(at, entry(Buffer.from('old'), { storedAtMs: now, expiresAtMs: now + 1_000 }));
      expect(await cache.get(at)).toBeDefined();
      now += 1_001;
      expect(await cache.get(at)).toBeUndefined();
    });

    it('replaces an entry', async () => {
      const cache = open(systemClock);
      const at = key();
      await cache.set(at, entry(Buffer.from('one')));
      await cache.set(at, entry(Buffer.from('two')));
      expect(Buffer.from((await cache.get(at))?.body ?? []).toString()).toBe('two');
    });
  });
}
