import { describe, expect, it } from '@jest/globals';
import { type CountsOf, NO_COUNTS, type SemanticCounts } from './semantic-counts.ts';

let unique = 0;
const ofModel = (): CountsOf => ({ scope: `scope-${++unique}`, namespace: '', model: 'm:1', embeddings: 'small/384' });

/** Every adapter of `SemanticCounts` passes this. */
export function semanticCountsContract(adapter: string, open: () => SemanticCounts): void {
  describe(`semantic counts (${adapter})`, () => {
    it('adds the labels of all replicas', async () => {
      const [counts, of] = [open(), ofModel()];
      expect(await counts.read(of)).toEqual({ edges: undefined, bins: {} });
      await Promise.all(Array.from({ length: 20 }, (_, n) => counts.add(of, 3, 0, { labels: 1, errors: n % 2 })));
      const bin = await counts.add(of, 3, 0, { served: 2, checks: 1, checkErrors: 1 });
      expect(bin).toEqual({ epoch: 0, labels: 20, errors: 10, checks: 1, checkErrors: 1, served: 2 });
      expect(await counts.read(of)).toEqual({ edges: undefined, bins: { 3: bin } });
      expect(await counts.read(ofModel())).toEqual({ edges: undefined, bins: {} });
    });

    it('forgets the labels since certification', async () => {
      const [counts, of] = [open(), ofModel()];
      await counts.add(of, 1, 0, { labels: 5, checks: 4, checkErrors: 3 });
      await counts.restart(of, 1, 0, 'checks');
      expect((await counts.read(of)).bins[1]).toEqual({ ...NO_COUNTS, labels: 5 });
    });

    it('begins an epoch once, and counts no label of an earlier one', async () => {
      const [counts, of] = [open(), ofModel()];
      await counts.add(of, 1, 0, { labels: 5, errors: 1, served: 7 });
      await Promise.all([counts.restart(of, 1, 0, 'labels'), counts.restart(of, 1, 0, 'labels')]);
      expect(await counts.add(of, 1, 0, { labels: 1 })).toBeUndefined();
      expect(await counts.add(of, 1, 1, { labels: 1 })).toEqual({ ...NO_COUNTS, epoch: 1, labels: 1 });
    });

    it('returns the noted similarities of all replicas when there are enough', async () => {
      const [counts, of] = [open(), ofModel()];
      expect(await counts.note(of, 0.9, 3)).toBeUndefined();
      expect(await counts.note(of, -0.25, 3)).toBeUndefined();
      expect([...((await counts.note(of, 0.9004, 3)) ?? [])].sort()).toEqual([-0.25, 0.9, 0.9]);
      expect(await counts.read(of)).toEqual({ edges: undefined, bins: {} });
    });

    it('keeps the edges that were set first', async () => {
      const [counts, of] = [open(), ofModel()];
      await counts.setEdges(of, [0.9, 0.8]);
      await counts.setEdges(of, [0.5]);
      expect((await counts.read(of)).edges).toEqual([0.9, 0.8]);
    });

    it('lists the counts of a scope or a model', async () => {
      const [counts, of] = [open(), ofModel()];
      await counts.add(of, 1, 0, { labels: 5 });
      await counts.add({ ...of, model: 'other' }, 2, 0, { labels: 6 });
      const all = await counts.list({ scope: of.scope });
      expect(all.map((one) => one.of.model).sort()).toEqual(['m:1', 'other']);
      expect(await counts.list({ scope: of.scope, model: 'm:1' })).toEqual([
        { of, state: { edges: undefined, bins: { 1: { ...NO_COUNTS, labels: 5 } } } },
      ]);
      expect(await counts.list({ scope: `${of.scope}x` })).toEqual([]);
    });

    it('forgets everything of a model', async () => {
      const [counts, of] = [open(), ofModel()];
      await counts.setEdges(of, [0.9]);
      await counts.add(of, 1, 0, { labels: 5 });
      await counts.reset(of);
      expect(await counts.read(of)).toEqual({ edges: undefined, bins: {} });
    });
  });
}
