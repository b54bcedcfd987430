import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@sluice/core/testing';
import type { CallCheckpoints } from './call-checkpoints.ts';

/** Every adapter of `CallCheckpoints` passes this; `open` gives an empty one, on the clock that the test moves. */
export function callCheckpointsContract(adapter: string, open: (clock: ManualClock) => CallCheckpoints): void {
  const setUp = () => {
    const clock = new ManualClock(1_700_000_000_000);
    const checkpoints = open(clock);
    const beat = (replica: string, ...calls: [callId: string, state: string][]) =>
      checkpoints.heartbeat({ replica, calls: calls.map(([callId, state]) => ({ callId, state })) });
    const dead = async () => (await checkpoints.claimOrphans(30_000)).map(({ callId, state }) => `${callId} ${state}`).sort();
    return { clock, checkpoints, beat, dead };
  };

  describe(`call checkpoints (${adapter})`, () => {
    it('gives checkpoints of a silent replica to exactly one caller, with their last state', async () => {
      const { clock, checkpoints, beat, dead } = setUp();
      await beat('a', ['1', 'one'], ['2', 'two']);
      await beat('b', ['3', 'three']);
      clock.advance(20_000);
      await beat('a', ['1', 'one and more']);
      clock.advance(20_000);
      expect(await dead()).toEqual(['3 three']);
      expect(await dead()).toEqual([]);
      clock.advance(10_000);
      const both = await Promise.all([checkpoints.claimOrphans(30_000), checkpoints.claimOrphans(30_000)]);
      expect(
        both
          .flat()
          .map(({ state }) => state)
          .sort(),
      ).toEqual(['one and more', 'two']);
    });

    it('lets either the replica or the claiming one record the end of a call, never both', async () => {
      const { clock, checkpoints, beat, dead } = setUp();
      await beat('a', ['1', 'one'], ['2', 'two']);
      expect(await checkpoints.end('a', '1')).toBe(true);
      expect(await checkpoints.end('a', '1')).toBe(false);
      clock.advance(30_000);
      expect(await dead()).toEqual(['2 two']);
      expect(await checkpoints.end('a', '2')).toBe(false);
      // a replica that was considered dead is informed, and registers again
      expect(await beat('a', ['2', 'two'])).toBe(false);
      expect(await beat('a', ['4', 'four'])).toBe(true);
      expect(await checkpoints.end('a', '4')).toBe(true);
    });

    it('returns no checkpoints of a replica that deregistered', async () => {
      const { clock, checkpoints, beat, dead } = setUp();
      await beat('a', ['1', 'one']);
      await checkpoints.end('a', '1');
      await checkpoints.deregister('a');
      clock.advance(60_000);
      expect(await dead()).toEqual([]);
      expect(await beat('a', ['2', 'two'])).toBe(true);
    });
  });
}
