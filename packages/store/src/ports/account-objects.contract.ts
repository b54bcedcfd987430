import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import type { AccountObjects } from './account-objects.ts';

const HOUR_MS = 3_600_000;

/** Every adapter of `AccountObjects` passes this. */
export function accountObjectsContract(adapter: string, open: () => AccountObjects): void {
  describe(`account objects (${adapter})`, () => {
    it('binds an id to the tenant that claims it first', async () => {
      const objects = open();
      const claims = await Promise.all(['a', 'b', 'c'].map((tenant) => objects.claim('file-1', tenant, HOUR_MS)));
      expect(claims.filter((bound) => bound)).toHaveLength(1);
      const [owner] = await objects.owners(['file-1']);
      expect(owner).toBe(['a', 'b', 'c'][claims.indexOf(true)]);
      expect(await objects.claim('file-1', owner as string, HOUR_MS)).toBe(true);
    });

    it('returns the owners in the order of the ids, and undefined for unknown ones', async () => {
      const objects = open();
      for (let n = 0; n < 3; n++) await objects.claim(`file-${n}`, `tenant-${n}`, HOUR_MS);
      expect(await objects.owners(['file-2', 'nothing', 'file-0', '__proto__'])).toEqual([
        'tenant-2',
        undefined,
        'tenant-0',
        undefined,
      ]);
      expect(await objects.owners([])).toEqual([]);
    });

    it('forgets an id that is released or was not used for its time to live', async () => {
      const objects = open();
      await objects.claim('file-1', 'a', HOUR_MS);
      await objects.release('file-1');
      expect(await objects.owners(['file-1'])).toEqual([undefined]);
      await objects.claim('file-2', 'a', 20);
      await waitFor(async () => (await objects.owners(['file-2']))[0] === undefined, 'the id to be forgotten');
      expect(await objects.claim('file-2', 'b', HOUR_MS)).toBe(true);
    });

    it('gives an id to the tenant that claims it while it expires', async () => {
      const objects = open();
      for (let n = 0; n < 300; n++) expect(await objects.claim('expiring', 'a', 1)).toBe(true);
    });

    it('keeps an id that its tenant claims again', async () => {
      const objects = open();
      await objects.claim('kept', 'a', 30);
      await objects.claim('kept', 'a', HOUR_MS);
      await objects.claim('control', 'a', 60);
      await waitFor(async () => (await objects.owners(['control']))[0] === undefined, 'the control to be forgotten');
      expect(await objects.owners(['kept'])).toEqual(['a']);
    });
  });
}
