import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@sluice/core/testing';
import type { Charge, HeldSlot, Meters, SlotCharge, WindowCharge } from './meters.ts';

/** Opens limits on a clock that the test moves. Each call opens another connection to the same store. */
export type OpenMeters = (clock: ManualClock) => Meters;

const MINUTE = 60_000;
const window = (limit: number, more: Partial<WindowCharge> = {}): WindowCharge => ({
  kind: 'window',
  meter: 'requests',
  limit,
  windowMs: MINUTE,
  amount: 1,
  ...more,
});
const places = (limit: number): SlotCharge => ({ kind: 'concurrency', meter: 'concurrent', limit, leaseMs: 30_000 });

let unique = 0;

/** Every adapter of `Meters` passes this. */
export function metersContract(adapter: string, open: OpenMeters): void {
  const begin = () => {
    const clock = new ManualClock();
    const meters = open(clock);
    const tenant = `tenant-${++unique}`;
    let calls = 0;
    const reserve = (holds: readonly Charge[], callId = `call-${++calls}`) =>
      meters.reserve({ tenant, subject: 'key', callId, holds });
    const place = (callId: string): HeldSlot => ({ tenant, subject: 'key', callId, meter: 'concurrent', leaseMs: 30_000 });
    return { clock, meters, tenant, reserve, place };
  };

  describe(`meters (${adapter})`, () => {
    it('admits up to the limit, says what is left, and refuses beyond it', async () => {
      const { reserve } = begin();
      const first = await reserve([window(2)]);
      expect(first).toMatchObject({ admitted: true, meters: [{ meter: 'requests', limit: 2, remaining: 1 }] });
      expect((await reserve([window(2)])).admitted).toBe(true);
      const refused = await reserve([window(2)]);
      expect(refused).toMatchObject({ admitted: false, meter: 'requests', meters: [{ remaining: 0 }] });
    });

    it('returns a retry delay after which the call succeeds', async () => {
      const { clock, reserve } = begin();
      await reserve([window(1)]);
      const refused = await reserve([window(1)]);
      if (refused.admitted) throw new Error('the second call was admitted');
      expect(refused.retryAfterMs).toBeGreaterThan(MINUTE - 1_000);
      expect(refused.retryAfterMs).toBeLessThanOrEqual(MINUTE + 1_000);
      clock.advance(refused.retryAfterMs - 1_000);
      expect((await reserve([window(1)])).admitted).toBe(false);
      clock.advance(1_000);
      expect((await reserve([window(1)])).admitted).toBe(true);
    });

    it('charges nothing for what it refuses', async () => {
      const { reserve } = begin();
      await reserve([window(1_000, { amount: 900 })]);
      expect((await reserve([window(1_000, { amount: 500 })])).admitted).toBe(false);
      expect((await reserve([window(1_000, { amount: 50 })])).admitted).toBe(true);
    });

    it('reserves on all meters or on none', async () => {
      const { reserve } = begin();
      await reserve([places(1)], 'first');
      expect(await reserve([window(5), places(1)])).toMatchObject({ admitted: false, meter: 'concurrent' });
      expect(await reserve([window(5)])).toMatchObject({ admitted: true, meters: [{ remaining: 4 }] });
    });

    it('does the work of a call id once and gives the same answer again', async () => {
      const { reserve } = begin();
      const first = await reserve([window(3)], 'same');
      expect(await reserve([window(3)], 'same')).toEqual(first);
      expect(await reserve([window(3)], 'other')).toMatchObject({ meters: [{ remaining: 1 }] });
    });

    it('gives places back, once', async () => {
      const { meters, reserve, place } = begin();
      await reserve([places(2)], 'a');
      await reserve([places(2)], 'b');
      expect((await reserve([places(2)], 'c')).admitted).toBe(false);
      await meters.release([place('a')]);
      await meters.release([place('a')]);
      expect((await reserve([places(2)], 'd')).admitted).toBe(true);
      expect((await reserve([places(2)], 'e')).admitted).toBe(false);
    });

    it('takes no place for a call that was given up before it was reserved', async () => {
      const { meters, reserve, place } = begin();
      await meters.release([place('late')]);
      expect((await reserve([places(1)], 'late')).admitted).toBe(false);
      expect((await reserve([places(1)], 'other')).admitted).toBe(true);
    });

    it('frees the place of a replica that died, and keeps one that is renewed', async () => {
      const { clock, meters, reserve, place } = begin();
      await reserve([places(2)], 'dead');
      await reserve([places(2)], 'alive');
      clock.advance(20_000);
      await meters.renew([place('alive')]);
      clock.advance(20_000);
      expect((await reserve([places(2)], 'next')).admitted).toBe(true);
      expect((await reserve([places(2)], 'one more')).admitted).toBe(false);
    });

    it('does not bring a lost place back to life', async () => {
      const { clock, meters, reserve, place } = begin();
      await reserve([places(1)], 'lost');
      clock.advance(30_001);
      await meters.renew([place('lost')]);
      expect((await reserve([places(1)], 'next')).admitted).toBe(true);
    });

    it('keeps tenants and subjects apart', async () => {
      const { meters, tenant, reserve } = begin();
      await reserve([window(1)]);
      expect((await meters.reserve({ tenant, subject: 'other', callId: 'x', holds: [window(1)] })).admitted).toBe(true);
      expect((await meters.reserve({ tenant: `${tenant}-b`, subject: 'key', callId: 'x', holds: [window(1)] })).admitted).toBe(
        true,
      );
    });

    it('opens nothing when the clock goes back', async () => {
      const { clock, reserve } = begin();
      await reserve([window(1)]);
      clock.advance(-3_600_000);
      expect((await reserve([window(1)])).admitted).toBe(false);
      clock.advance(3_600_000);
      expect((await reserve([window(1)])).admitted).toBe(false);
      clock.advance(MINUTE + 1_000);
      expect((await reserve([window(1)])).admitted).toBe(true);
    });
  });
}
