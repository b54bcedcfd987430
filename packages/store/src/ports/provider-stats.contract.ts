import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@sluice/core/testing';
import { type ProviderStats, RECENT_BUCKET_MS } from './provider-stats.ts';

/** Every adapter of `ProviderStats` passes this; `open` gives an empty store. */
export function providerStatsContract(adapter: string, open: (clock: ManualClock) => ProviderStats): void {
  describe(`provider statistics (${adapter})`, () => {
    it('adds up the statistics of a provider', async () => {
      const stats = open(new ManualClock());
      await stats.add('1', { calls: 2, tokens: 10 }, { calls: 2 });
      const { totals, recent } = await stats.add('2', { calls: 3 }, { calls: 1 });
      expect(totals).toEqual({ calls: 5, tokens: 10 });
      expect(recent).toEqual({ calls: 3 });
    });

    it('counts a batch once', async () => {
      const stats = open(new ManualClock());
      await stats.add('same', { calls: 2 }, { calls: 2 });
      expect(await stats.add('same', { calls: 2 }, { calls: 2 })).toEqual({
        totals: { calls: 2 },
        recent: { calls: 2 },
        setAside: 0,
      });
    });

    it('only reads when there is nothing to add', async () => {
      const stats = open(new ManualClock());
      await stats.add('1', { calls: 2 }, {});
      expect(await stats.add('2', {}, {})).toEqual({ totals: { calls: 2 }, recent: {}, setAside: 0 });
    });

    it('sets aside amounts that cannot be added, and adds the others once', async () => {
      const stats = open(new ManualClock());
      const bad = { nan: Number.NaN, half: 0.5, negative: -1, huge: 9e18, calls: 2 };
      expect(await stats.add('1', bad, bad)).toEqual({ totals: { calls: 2 }, recent: { calls: 2 }, setAside: 8 });
      expect(await stats.add('1', bad, bad)).toEqual({ totals: { calls: 2 }, recent: { calls: 2 }, setAside: 0 });
    });

    it('forgets recent statistics when they are old, and keeps the totals', async () => {
      const clock = new ManualClock();
      const stats = open(clock);
      await stats.add('1', { calls: 1 }, { calls: 1 });
      clock.advance(RECENT_BUCKET_MS);
      expect((await stats.add('2', {}, {})).recent).toEqual({ calls: 1 });
      clock.advance(RECENT_BUCKET_MS);
      expect(await stats.add('3', {}, {})).toEqual({ totals: { calls: 1 }, recent: {}, setAside: 0 });
    });
  });
}
