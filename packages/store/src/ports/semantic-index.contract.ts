import { describe, expect, it } from '@jest/globals';
import { type Clock, systemClock } from '@sluice/core';
import type { SemanticIndex, SemanticSpace } from './semantic-index.ts';

let unique = 0;
const spaceOf = (more: Partial<SemanticSpace> = {}): SemanticSpace => ({
  scope: `scope-${++unique}`,
  namespace: '',
  model: 'm',
  context: 'c'.repeat(43),
  ...more,
});
const vector = (...values: number[]): Float32Array => Float32Array.from([...values, 0.1, 0.1, 0.1]);
const entry = (id: string, expiresAtMs = systemClock.now() + 60_000) => ({
  id,
  digest: `digest-${id}`,
  question: `Question ${id}?`,
  expiresAtMs,
});

/** Every adapter of `SemanticIndex` passes this. A server without vector sets has to say so. */
export function semanticIndexContract(adapter: string, open: (clock: Clock) => SemanticIndex): void {
  describe(`semantic index (${adapter})`, () => {
    const opened = async (clock: Clock = systemClock): Promise<SemanticIndex | undefined> => {
      const index = open(clock);
      const reason = await index.unavailable();
      if (reason === undefined) return index;
      expect(reason).toMatch(/This Redis has no vector sets/);
      return undefined;
    };

    it('returns the most similar questions of a space, the most similar first', async () => {
      const index = await opened();
      if (index === undefined) return;
      const space = spaceOf();
      await index.add(space, vector(1, 0), entry('a'));
      await index.add(space, vector(1, 0.5), entry('b'));
      await index.add(space, vector(-1, 0), entry('c'));
      const found = await index.nearest(space, vector(1, 0.1), 2);
      expect(found.map(({ id }) => id)).toEqual(['a', 'b']);
      expect(found[0]).toMatchObject({ digest: 'digest-a', question: 'Question a?', right: 0 });
      const [a, b] = [vector(1, 0.1), vector(1, 0)];
      const cosine = a.reduce((sum, value, n) => sum + value * (b[n] ?? 0), 0) / (Math.hypot(...a) * Math.hypot(...b));
      expect(found[0]?.similarity).toBeCloseTo(cosine, 2);
    });

    it('returns nothing of another scope, namespace, model or context', async () => {
      const index = await opened();
      if (index === undefined) return;
      const space = spaceOf();
      await index.add(space, vector(1, 0), entry('a'));
      for (const other of [{ scope: 'other' }, { namespace: 'n' }, { model: 'other' }, { context: 'd'.repeat(43) }]) {
        expect(await index.nearest({ ...space, ...other }, vector(1, 0), 9)).toEqual([]);
      }
    });

    it('replaces an entry with the same id, and keeps its labels', async () => {
      const index = await opened();
      if (index === undefined) return;
      const space = spaceOf();
      await index.add(space, vector(1, 0), entry('a'));
      await index.confirm(space, 'a');
      await index.add(space, vector(0, 1), { ...entry('a'), digest: 'newer' });
      expect(await index.nearest(space, vector(0, 1), 9)).toMatchObject([{ id: 'a', digest: 'newer', right: 1 }]);
    });

    it('returns no removed and no expired entry', async () => {
      let nowMs = systemClock.now();
      const index = await opened({ now: () => nowMs, monotonic: () => nowMs });
      if (index === undefined) return;
      const space = spaceOf();
      await index.add(space, vector(1, 0), entry('a', nowMs + 60_000));
      await index.add(space, vector(1, 0), entry('b', nowMs + 1_000));
      expect(await index.remove(space, 'a')).toBe(true);
      expect(await index.remove(space, 'a')).toBe(false);
      expect((await index.nearest(space, vector(1, 0), 9)).map(({ id }) => id)).toEqual(['b']);
      nowMs += 1_001;
      expect(await index.nearest(space, vector(1, 0), 9)).toEqual([]);
      await index.confirm(space, 'b');
      expect(await index.nearest(space, vector(1, 0), 9)).toEqual([]);
    });
  });
}
