import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import type { Registry, TeamRecord } from './registry.ts';

const team = (name: string, limit = 5): TeamRecord => ({
  name,
  tenant: 'acme',
  limits: { requests: { limit, windowMs: 60_000 } },
});

/** Every adapter of `Registry` passes this. `open` gives an empty one; `again` another connection to the same one. */
export function registryContract(
  adapter: string,
  open: () => Promise<{ registry: Registry; again: () => Promise<Registry> }>,
): void {
  describe(`registry (${adapter})`, () => {
    const put = (registry: Registry, after: TeamRecord | undefined, before?: TeamRecord) =>
      registry.replace({ kind: 'team', name: (after ?? before)?.name ?? '', before, after, change: `{"to":"${after?.name}"}` });

    it('stores records by kind and name', async () => {
      const { registry } = await open();
      expect(await put(registry, team('b'))).toBe(true);
      expect(await put(registry, team('a'))).toBe(true);
      expect(await registry.list('team')).toEqual([team('a'), team('b')]);
      expect(await registry.list('tenant')).toEqual([]);
    });

    it('writes a record only if it is unchanged since it was read', async () => {
      const { registry } = await open();
      await put(registry, team('a'));
      expect(await put(registry, team('a', 6))).toBe(false);
      expect(await put(registry, team('a', 6), team('a', 4))).toBe(false);
      expect(await registry.list('team')).toEqual([team('a')]);
      expect(await put(registry, team('a', 6), team('a'))).toBe(true);
      expect(await registry.list('team')).toEqual([team('a', 6)]);
    });

    it('removes a record only if it is unchanged since it was read', async () => {
      const { registry } = await open();
      await put(registry, team('a'));
      expect(await put(registry, undefined, team('a', 7))).toBe(false);
      expect(await put(registry, undefined, team('a'))).toBe(true);
      expect(await registry.list('team')).toEqual([]);
      expect(await put(registry, undefined, team('a'))).toBe(false);
    });

    it('lets exactly one of many concurrent changes succeed', async () => {
      const { registry, again } = await open();
      await put(registry, team('a'));
      const both = [registry, await again()];
      const done = await Promise.all(
        Array.from({ length: 10 }, (_, n) => put(both[n % 2] as Registry, team('a', 10 + n), team('a'))),
      );
      expect(done.filter(Boolean)).toHaveLength(1);
    });

    it('writes a change to the journal with the record, and nothing when the change is refused', async () => {
      const { registry } = await open();
      await put(registry, team('a'));
      await put(registry, team('b'), team('b'));
      await registry.note('{"to":"nothing"}');
      const [last, first, ...none] = await registry.journal(10);
      expect([last?.record, first?.record, none]).toEqual(['{"to":"nothing"}', '{"to":"a"}', []]);
      expect((await registry.journal(1)).map(({ record }) => record)).toEqual(['{"to":"nothing"}']);
      expect((await registry.journal(1, last?.position)).map(({ record }) => record)).toEqual(['{"to":"a"}']);
      expect(await registry.journal(1, first?.position)).toEqual([]);
    });

    it('notifies every connection of a written record', async () => {
      const { registry, again } = await open();
      const other = await again();
      let notifications = 0;
      const stop = other.onChange(() => {
        notifications++;
      });
      await put(registry, team('a'));
      await waitFor(() => notifications > 0, 'news of the team');
      stop();
    });
  });
}
