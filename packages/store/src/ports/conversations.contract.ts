import { describe, expect, it } from '@jest/globals';
import { type Clock, systemClock } from '@sluice/core';
import type { Conversations } from './conversations.ts';

let unique = 0;
const LONG_MS = 60_000;
const bytesOf = (text: string): Buffer => Buffer.from(text);

/** Every adapter of `Conversations` passes this. */
export function conversationsContract(adapter: string, open: (clock: Clock) => Conversations): void {
  describe(`conversations (${adapter})`, () => {
    const setUp = () => {
      const n = ++unique;
      return { store: open(systemClock), tenant: `tenant-${n}`, id: `conv_${n}` };
    };
    const textsOf = async (store: Conversations, tenant: string, id: string) =>
      (await store.find(tenant, id))?.items.map(({ bytes }) => Buffer.from(bytes).toString());

    it('returns the head and the items of a conversation byte for byte, in order', async () => {
      const { store, tenant, id } = setUp();
      const binary = Buffer.from([0, 10, 13, 255, 128]);
      await store.create(tenant, id, binary, [bytesOf('b'), binary], LONG_MS);
      const found = await store.find(tenant, id);
      expect(Buffer.from(found?.head ?? [])).toEqual(binary);
      expect(found?.items.map(({ bytes }) => Buffer.from(bytes))).toEqual([bytesOf('b'), binary]);
      expect(await store.find(tenant, `${id}x`)).toBeUndefined();
    });

    it('appends items, also many at once and by concurrent callers', async () => {
      const { store, tenant, id } = setUp();
      await store.create(tenant, id, bytesOf('head'), [], LONG_MS);
      expect(await textsOf(store, tenant, id)).toEqual([]);
      const parts = Array.from({ length: 12 }, (_, n) => [bytesOf(`${n}a`), bytesOf(`${n}b`)]);
      const added = await Promise.all(parts.map((items) => store.change(tenant, id, { items }, LONG_MS)));
      expect(added).toEqual(parts.map(() => true));
      const texts = (await textsOf(store, tenant, id)) ?? [];
      expect(texts).toHaveLength(24);
      // the items of one change are adjacent
      for (let n = 0; n < texts.length; n += 2) expect(texts[n + 1]).toBe(texts[n]?.replace('a', 'b'));
    });

    it('replaces the head and keeps the items', async () => {
      const { store, tenant, id } = setUp();
      await store.create(tenant, id, bytesOf('head'), [bytesOf('a')], LONG_MS);
      expect(await store.change(tenant, id, { head: bytesOf('new') }, LONG_MS)).toBe(true);
      expect(Buffer.from((await store.find(tenant, id))?.head ?? []).toString()).toBe('new');
      expect(await textsOf(store, tenant, id)).toEqual(['a']);
    });

    it('refuses to change an unknown conversation', async () => {
      const { store, tenant, id } = setUp();
      expect(await store.change(tenant, id, { head: bytesOf('new'), items: [bytesOf('a')] }, LONG_MS)).toBe(false);
      expect(await store.find(tenant, id)).toBeUndefined();
    });

    it('removes an item once, and never reuses its position', async () => {
      const { store, tenant, id } = setUp();
      await store.create(tenant, id, bytesOf('head'), [bytesOf('a'), bytesOf('b')], LONG_MS);
      const last = (await store.find(tenant, id))?.items[1]?.position ?? -1;
      expect(await store.removeItem(tenant, id, last)).toBe(true);
      expect(await store.removeItem(tenant, id, last)).toBe(false);
      await store.change(tenant, id, { items: [bytesOf('c')] }, LONG_MS);
      const found = await store.find(tenant, id);
      expect(found?.items.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['a', 'c']);
      expect(found?.items[1]?.position).toBeGreaterThan(last);
    });

    it('removes a conversation once, with its items', async () => {
      const { store, tenant, id } = setUp();
      await store.create(tenant, id, bytesOf('head'), [bytesOf('a')], LONG_MS);
      expect(await store.remove(tenant, id)).toBe(true);
      expect(await store.remove(tenant, id)).toBe(false);
      expect(await store.find(tenant, id)).toBeUndefined();
    });

    it('separates conversations by tenant', async () => {
      const { store, tenant, id } = setUp();
      await store.create(tenant, id, bytesOf('head'), [bytesOf('a')], LONG_MS);
      const other = `${tenant}x`;
      const position = (await store.find(tenant, id))?.items[0]?.position ?? -1;
      expect(await store.find(other, id)).toBeUndefined();
      expect(await store.change(other, id, { items: [bytesOf('b')] }, LONG_MS)).toBe(false);
      expect(await store.removeItem(other, id, position)).toBe(false);
      expect(await store.remove(other, id)).toBe(false);
      expect(await textsOf(store, tenant, id)).toEqual(['a']);
    });

    it('expires a conversation when its time to live after the last change has ended', async () => {
      const { store, tenant, id } = setUp();
      await store.create(tenant, id, bytesOf('head'), [], LONG_MS);
      await store.change(tenant, id, { items: [bytesOf('a')] }, 30);
      const until = performance.now() + 15_000;
      while ((await store.find(tenant, id)) !== undefined) {
        expect(performance.now()).toBeLessThan(until);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
  });
}
