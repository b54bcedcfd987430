import { describe, expect, it } from '@jest/globals';
import { type Clock, systemClock } from '@sluice/core';
import type { StoredResponses } from './stored-responses.ts';

let unique = 0;

/** Every adapter of `StoredResponses` passes this. */
export function storedResponsesContract(adapter: string, open: (clock: Clock) => StoredResponses): void {
  describe(`stored responses (${adapter})`, () => {
    const setUp = () => {
      const n = ++unique;
      return { store: open(systemClock), tenant: `tenant-${n}`, id: `resp_${n}`, item: `msg_${n}` };
    };
    const bytes = Buffer.from([0, 10, 13, 255, 128]);
    const textOf = (found: Uint8Array | undefined) => (found === undefined ? undefined : Buffer.from(found));

    it('returns records byte for byte, in the order of their ids', async () => {
      const { store, tenant, id } = setUp();
      await store.keep(tenant, { id, bytes, itemIds: [] }, 60_000);
      await store.keep(tenant, { id: `${id}b`, bytes: Buffer.from('b'), itemIds: [] }, 60_000);
      const found = await store.find(tenant, [`${id}b`, 'resp_unknown', id]);
      expect(found.map(textOf)).toEqual([Buffer.from('b'), undefined, bytes]);
      expect(await store.find(tenant, [])).toEqual([]);
    });

    it('finds a record by each of its items', async () => {
      const { store, tenant, id, item } = setUp();
      await store.keep(tenant, { id, bytes, itemIds: [item, `${item}b`] }, 60_000);
      expect(await store.findByItem(tenant, [`${item}b`, 'msg_unknown', item])).toEqual([id, undefined, id]);
    });

    it('separates records by tenant', async () => {
      const { store, tenant, id, item } = setUp();
      await store.keep(tenant, { id, bytes, itemIds: [item] }, 60_000);
      expect(await store.find(`${tenant}x`, [id])).toEqual([undefined]);
      expect(await store.findByItem(`${tenant}x`, [item])).toEqual([undefined]);
      expect(await store.remove(`${tenant}x`, id)).toBe(false);
      expect((await store.find(tenant, [id])).map(textOf)).toEqual([bytes]);
    });

    it('replaces a record that is stored again', async () => {
      const { store, tenant, id } = setUp();
      await store.keep(tenant, { id, bytes, itemIds: [] }, 60_000);
      await store.keep(tenant, { id, bytes: Buffer.from('new'), itemIds: [] }, 60_000);
      expect((await store.find(tenant, [id])).map(textOf)).toEqual([Buffer.from('new')]);
    });

    it('removes a record once', async () => {
      const { store, tenant, id } = setUp();
      await store.keep(tenant, { id, bytes, itemIds: [] }, 60_000);
      expect(await store.remove(tenant, id)).toBe(true);
      expect(await store.remove(tenant, id)).toBe(false);
      expect(await store.find(tenant, [id])).toEqual([undefined]);
    });

    it('forgets a record and its items after their time to live', async () => {
      const { store, tenant, id, item } = setUp();
      await store.keep(tenant, { id, bytes, itemIds: [item] }, 30);
      const until = performance.now() + 15_000;
      while ((await store.find(tenant, [id]))[0] !== undefined || (await store.findByItem(tenant, [item]))[0] !== undefined) {
        expect(performance.now()).toBeLessThan(until);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
  });
}
