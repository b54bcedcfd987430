import { describe, expect, it } from '@jest/globals';
import { ManualClock, waitFor } from '@sluice/core/testing';
import type { Circuits } from './shared-circuits.ts';

/** Every adapter of `Circuits` passes this; `open` gives two replicas on one empty store. */
export function circuitsContract(adapter: string, open: (clock: ManualClock) => Promise<readonly [Circuits, Circuits]>): void {
  describe(`circuits (${adapter})`, () => {
    it('reports circuits as closed by default', async () => {
      const [one] = await open(new ManualClock());
      expect(await one.states()).toEqual(new Map());
    });

    it('opens a circuit for all replicas at once, until its time ends', async () => {
      const clock = new ManualClock();
      const [one, other] = await open(clock);
      let notifications = 0;
      other.onChange(() => notifications++);
      await one.open('up/m', 5_000);
      await waitFor(() => notifications > 0, 'the other replica to be notified');
      expect(await other.states()).toEqual(new Map([['up/m', { openMs: 5_000 }]]));
      clock.advance(2_000);
      expect(await other.states()).toEqual(new Map([['up/m', { openMs: 3_000 }]]));
      clock.advance(3_000);
      expect(await other.states()).toEqual(new Map([['up/m', { openMs: 0 }]]));
    });

    it('lets exactly one replica probe when the open time has ended', async () => {
      const clock = new ManualClock();
      const [one, other] = await open(clock);
      await one.open('up/m', 5_000);
      expect(await one.acquireProbe('up/m', 1_000)).toBe(false);
      clock.advance(5_000);
      const tries = await Promise.all([one, other, one, other].map((replica) => replica.acquireProbe('up/m', 1_000)));
      expect(tries.filter(Boolean)).toHaveLength(1);
      // the one that tried has died
      clock.advance(1_000);
      expect(await other.acquireProbe('up/m', 1_000)).toBe(true);
      expect(await one.acquireProbe('up/m', 1_000)).toBe(false);
      await other.open('up/m', 5_000);
      clock.advance(4_999);
      expect(await one.acquireProbe('up/m', 1_000)).toBe(false);
      clock.advance(1);
      expect(await one.acquireProbe('up/m', 1_000)).toBe(true);
    });

    it('closes a circuit for all replicas, and then grants no probe', async () => {
      const clock = new ManualClock();
      const [one, other] = await open(clock);
      await one.open('up/m', 1_000);
      clock.advance(1_000);
      expect(await one.acquireProbe('up/m', 1_000)).toBe(true);
      await one.close('up/m');
      expect(await other.states()).toEqual(new Map());
      expect(await other.acquireProbe('up/m', 1_000)).toBe(true);
      expect(await one.acquireProbe('up/m', 1_000)).toBe(true);
    });

    it('lets one replica at a time probe a target in cooldown, and ends the cooldown for all', async () => {
      const clock = new ManualClock();
      const [one, other] = await open(clock);
      await one.startCooldown('up/m', 60_000);
      const tries = await Promise.all([one, other, one, other].map((replica) => replica.acquireCooldownProbe('up/m', 5_000)));
      expect(tries.filter(Boolean)).toHaveLength(1);
      clock.advance(5_000);
      expect(await other.acquireCooldownProbe('up/m', 5_000)).toBe(true);
      expect(await one.states()).toEqual(new Map([['up/m', { coolingMs: 55_000 }]]));
      await other.endCooldown('up/m');
      expect(await one.states()).toEqual(new Map());
      await one.startCooldown('up/m', 60_000);
      expect(await one.acquireCooldownProbe('up/m', 5_000)).toBe(true);
    });

    it('keeps the longest of several cooldowns next to an open circuit', async () => {
      const clock = new ManualClock();
      const [one, other] = await open(clock);
      await one.startCooldown('up/m', 2_000);
      await other.startCooldown('up/m', 500);
      await one.open('up/other', 1_000);
      expect(await other.states()).toEqual(
        new Map([
          ['up/m', { coolingMs: 2_000 }],
          ['up/other', { openMs: 1_000 }],
        ]),
      );
      await one.open('up/m', 1_000);
      await one.close('up/m');
      expect((await one.states()).get('up/m')).toEqual({ coolingMs: 2_000 });
      clock.advance(2_000);
      expect((await one.states()).get('up/m')).toBeUndefined();
    });
  });
}
