import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import type { KeyRecord, Keys } from './keys.ts';
import type { Registry } from './registry.ts';

const record = (name: string, hash: string, more: Partial<KeyRecord> = {}): KeyRecord => ({
  name,
  hash,
  tenant: 'tenant',
  models: [],
  limits: { requests: { limit: 5, windowMs: 60_000 } },
  createdAtMs: 1_700_000_000_000,
  ...more,
});

/** Every adapter of `Keys` passes this. `open` gives an empty store; `again` another connection to the same one. */
export function keysContract(
  adapter: string,
  open: () => Promise<{ keys: Keys; again: () => Promise<Keys>; journal: Pick<Registry, 'journal'> }>,
): void {
  describe(`keys (${adapter})`, () => {
    it('finds a stored key by its secret, and no other key', async () => {
      const { keys } = await open();
      const one = record('one', 'a1');
      expect(await keys.put(one)).toBe(true);
      expect(await keys.find('a1')).toEqual(one);
      expect(await keys.find('a2')).toBeUndefined();
    });

    it('lists keys by name', async () => {
      const { keys } = await open();
      await keys.put(record('b', 'h2'));
      await keys.put(record('a', 'h1'));
      await keys.put(record('c', 'h3'));
      const names = async (count: number, after?: string) => (await keys.list(count, after)).map((key) => key.name);
      expect(await names(10)).toEqual(['a', 'b', 'c']);
      expect(await names(2)).toEqual(['a', 'b']);
      expect(await names(2, 'b')).toEqual(['c']);
      expect(await names(2, 'c')).toEqual([]);
    });

    it('finds a key by name under its newest secret', async () => {
      const { keys } = await open();
      await keys.put(record('one', 'a1'));
      await keys.revoke('one', 1);
      expect((await keys.named('one'))?.revokedAtMs).toBe(1);
      await keys.put(record('one', 'a2'));
      await keys.rotate('one', { hash: 'a3', atMs: 1, oldUntilMs: 500 });
      expect((await keys.named('one'))?.hash).toBe('a3');
      expect((await keys.list(10)).map(({ hash }) => hash)).toEqual(['a3']);
      expect(await keys.named('two')).toBeUndefined();
    });

    it('changes a key under its current and its earlier secrets', async () => {
      const { keys, again } = await open();
      const other = await again();
      const notified: (string | undefined)[] = [];
      const stop = other.onChange((hash) => notified.push(hash));
      await keys.put(record('one', 'a1'));
      await keys.rotate('one', { hash: 'a2', atMs: 100, oldUntilMs: 500 });
      await waitFor(() => notified.includes('a2'), 'news of the rotation');
      notified.length = 0;
      const changed = await keys.change('one', (before) => ({ record: { ...before, blockedAtMs: 7 }, change: '' }));
      expect(changed).toMatchObject({ hash: 'a2', blockedAtMs: 7 });
      expect(await keys.find('a2')).toEqual(changed);
      expect(await keys.find('a1')).toMatchObject({ hash: 'a1', blockedAtMs: 7, expiresAtMs: 500, replacedAtMs: 100 });
      await waitFor(() => notified.includes('a1') && notified.includes('a2'), 'news of the change');
      stop();
      await keys.revoke('one', 200);
      expect(await keys.change('one', (before) => ({ record: before, change: '' }))).toBeUndefined();
      expect(await keys.change('nobody', (before) => ({ record: before, change: '' }))).toBeUndefined();
    });

    it('loses none of many concurrent changes', async () => {
      const { keys, again } = await open();
      await keys.put(record('one', 'a1', { models: [] }));
      const stores = [keys, await again()];
      const changes = Array.from({ length: 10 }, (_, n) =>
        stores[n % 2]?.change('one', (before) => ({
          record: { ...before, models: [...(before.models ?? []), `m${n}`] },
          change: '',
        })),
      );
      await Promise.all(changes);
      expect([...((await keys.named('one'))?.models ?? [])].sort()).toEqual(Array.from({ length: 10 }, (_, n) => `m${n}`));
    });

    it('writes each change to the journal once, and nothing for a refused change', async () => {
      const { keys, journal } = await open();
      await keys.put(record('one', 'a1'), 'made');
      await keys.put(record('one', 'b1'), 'not made');
      await keys.change('one', (before) => ({ record: before, change: 'changed' }));
      await keys.change('two', (before) => ({ record: before, change: 'not changed' }));
      await keys.rotate('one', { hash: 'a2', atMs: 1, oldUntilMs: 500 }, 'rotated');
      await keys.rotate('two', { hash: 'b2', atMs: 1, oldUntilMs: 500 }, 'not rotated');
      await keys.revoke('one', 300, 'revoked');
      await keys.revoke('two', 300, 'not revoked');
      const entries = (await journal.journal(10)).map(({ record: entry }) => entry);
      expect(entries).toEqual(['revoked', 'rotated', 'changed', 'made']);
    });

    it('revokes a key permanently, and keeps its record', async () => {
      const { keys } = await open();
      await keys.put(record('one', 'a1'));
      expect(await keys.revoke('one', 123)).toBe(true);
      expect(await keys.find('a1')).toEqual(record('one', 'a1', { revokedAtMs: 123 }));
      await keys.put(record('one', 'a1'));
      expect((await keys.find('a1'))?.revokedAtMs).toBe(123);
      expect(await keys.revoke('one', 456)).toBe(true);
      expect((await keys.find('a1'))?.revokedAtMs).toBe(123);
      expect(await keys.revoke('nobody', 1)).toBe(false);
    });

    it('gives a name to one key at a time', async () => {
      const { keys } = await open();
      await keys.put(record('one', 'a1'));
      expect(await keys.put(record('one', 'a2'))).toBe(false);
      expect(await keys.find('a2')).toBeUndefined();
      await keys.revoke('one', 1);
      expect(await keys.put(record('one', 'a2'))).toBe(true);
      expect((await keys.find('a1'))?.revokedAtMs).toBe(1);
    });

    it('rotates a secret, and gives the old secret an expiry', async () => {
      const { keys } = await open();
      await keys.put(record('one', 'a1', { expiresAtMs: 900 }));
      const next = record('one', 'a2', { expiresAtMs: 900, rotatedAtMs: 100, previousHash: 'a1' });
      expect(await keys.rotate('one', { hash: 'a2', atMs: 100, oldUntilMs: 500 })).toEqual(next);
      expect(await keys.find('a2')).toEqual(next);
      expect(await keys.find('a1')).toEqual(record('one', 'a1', { expiresAtMs: 500, replacedAtMs: 100 }));
      // the key's own end is not put off
      await keys.rotate('one', { hash: 'a3', atMs: 200, oldUntilMs: 1_000 });
      expect((await keys.find('a2'))?.expiresAtMs).toBe(900);
      expect(await keys.put(record('one', 'a4'))).toBe(false);
      expect(await keys.rotate('nobody', { hash: 'b1', atMs: 1, oldUntilMs: 1 })).toBeUndefined();
    });

    it('revokes a key with all its earlier secrets', async () => {
      const { keys } = await open();
      await keys.put(record('one', 'a1'));
      await keys.rotate('one', { hash: 'a2', atMs: 100, oldUntilMs: 500 });
      await keys.rotate('one', { hash: 'a3', atMs: 200, oldUntilMs: 600 });
      expect(await keys.revoke('one', 300)).toBe(true);
      for (const hash of ['a1', 'a2', 'a3']) expect((await keys.find(hash))?.revokedAtMs).toBe(300);
      expect(await keys.rotate('one', { hash: 'a4', atMs: 400, oldUntilMs: 600 })).toBeUndefined();
      expect(await keys.find('a4')).toBeUndefined();
    });

    it('keeps every secret in the chain when many callers rotate a key at once', async () => {
      const { keys, again } = await open();
      await keys.put(record('one', 'a0'));
      const stores = [keys, await again()];
      const hashes = Array.from({ length: 10 }, (_, n) => `a${n + 1}`);
      await Promise.all(hashes.map((hash, n) => stores[n % 2]?.rotate('one', { hash, atMs: 1, oldUntilMs: 500 })));
      await keys.revoke('one', 300);
      for (const hash of ['a0', ...hashes]) expect((await keys.find(hash))?.revokedAtMs).toBe(300);
    });

    it('leaves no valid secret of a key that is rotated and revoked at once', async () => {
      const { keys, again } = await open();
      const other = await again();
      for (let n = 0; n < 40; n++) {
        const [name, first, second] = [`key${n}`, `${n}a`, `${n}b`];
        await keys.put(record(name, first));
        const revoke = async () => {
          // once before the rotation reads, once between its read and its write
          for (let trips = 0; trips < n % 4; trips++) await other.find('none');
          await other.revoke(name, 300);
        };
        await Promise.all([keys.rotate(name, { hash: second, atMs: 1, oldUntilMs: 500 }), revoke()]);
        expect((await keys.find(first))?.revokedAtMs).toBe(300);
        expect((await keys.find(second))?.revokedAtMs ?? 300).toBe(300);
      }
    });

    it('notifies every connection of written and revoked keys', async () => {
      const { keys, again } = await open();
      const other = await again();
      const notified: (string | undefined)[] = [];
      const stop = other.onChange((hash) => notified.push(hash));
      await keys.put(record('one', 'a1'));
      await waitFor(() => notified.includes('a1'), 'news of the new key');
      await keys.rotate('one', { hash: 'a2', atMs: 1, oldUntilMs: 500 });
      await waitFor(
        () => notified.filter((hash) => hash === 'a1').length === 2 && notified.includes('a2'),
        'news of the rotation',
      );
      notified.length = 0;
      await keys.revoke('one', 1);
      await waitFor(() => notified.includes('a1') && notified.includes('a2'), 'news of the revocation');
      stop();
    });
  });
}
