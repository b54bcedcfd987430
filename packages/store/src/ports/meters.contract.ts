import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@sluice/core/testing';
import type { Charge, HeldSlot, Meters, SlotCharge, WindowCharge } from './meters.ts';

/** Opens the limits of a store as one of its replicas, on a clock that the test moves. Each clock has its own store. */
export type OpenMeters = (clock: ManualClock, replica: number) => Meters;

const MINUTE = 60_000;
const window = (limit: number, more: Partial<WindowCharge> = {}): WindowCharge => ({
  kind: 'window',
  meter: 'requests',
  limit,
  windowMs: MINUTE,
  amount: 1,
  ...more,
});
const slots = (limit: number): SlotCharge => ({ kind: 'concurrency', meter: 'concurrent', limit, leaseMs: 30_000 });

let unique = 0;

/** Tests that an adapter of `Meters` admits, refuses and releases calls. */
export function metersContract(adapter: string, open: OpenMeters): void {
  const begin = () => {
    const clock = new ManualClock();
    const meters = open(clock, 0);
    const other = open(clock, 1);
    const tenant = `tenant-${++unique}`;
    let calls = 0;
    const reserve = (charges: readonly Charge[], callId = `call-${++calls}`, by = meters) =>
      by.reserve({ tenant, subject: 'key', callId, charges });
    const slot = (callId: string): HeldSlot => ({
      ...{ kind: 'concurrency', tenant, subject: 'key', callId, meter: 'concurrent', leaseMs: 30_000 },
    });
    return { clock, meters, other, tenant, reserve, slot };
  };

  describe(`meters (${adapter})`, () => {
    it('admits calls up to the limit, returns the remaining amount, and refuses the next call', async () => {
      const { reserve } = begin();
      const first = await reserve([window(2)]);
      expect(first).toMatchObject({ admitted: true, reserved: [{ state: { meter: 'requests', limit: 2, remaining: 1 } }] });
      expect((await reserve([window(2)])).admitted).toBe(true);
      const refused = await reserve([window(2)]);
      expect(refused).toMatchObject({
        ...{ admitted: false, reason: 'exhausted', charge: { meter: 'requests' }, state: { remaining: 0 } },
        meters: [{ remaining: 0 }],
      });
    });

    it('returns a retry delay after which the call succeeds', async () => {
      const { clock, reserve } = begin();
      await reserve([window(1)]);
      const refused = await reserve([window(1)]);
      if (refused.admitted || refused.reason !== 'exhausted') throw new Error('the second call was not refused');
      expect(refused.retryAfterMs).toBeGreaterThan(MINUTE - 1_000);
      expect(refused.retryAfterMs).toBeLessThanOrEqual(MINUTE + 1_000);
      clock.advance(refused.retryAfterMs - 1_000);
      expect((await reserve([window(1)])).admitted).toBe(false);
      clock.advance(1_000);
      expect((await reserve([window(1)])).admitted).toBe(true);
    });

    it('charges nothing for a refused call', async () => {
      const { reserve } = begin();
      await reserve([window(1_000, { amount: 900 })]);
      expect((await reserve([window(1_000, { amount: 500 })])).admitted).toBe(false);
      expect((await reserve([window(1_000, { amount: 50 })])).admitted).toBe(true);
    });

    it('reserves on all meters of a call or on none', async () => {
      const { reserve } = begin();
      await reserve([slots(1)], 'first');
      expect(await reserve([window(5), slots(1)])).toMatchObject({ admitted: false, charge: { meter: 'concurrent' } });
      expect(await reserve([window(5)])).toMatchObject({ admitted: true, reserved: [{ state: { remaining: 4 } }] });
    });

    it('reserves once per call id and returns the same result again', async () => {
      const { reserve } = begin();
      const first = await reserve([window(3)], 'same');
      expect(await reserve([window(3)], 'same')).toEqual(first);
      expect(await reserve([window(3)], 'other')).toMatchObject({ reserved: [{ state: { remaining: 1 } }] });
    });

    it('releases the slot of a call once', async () => {
      const { meters, reserve, slot } = begin();
      await reserve([slots(2)], 'a');
      await reserve([slots(2)], 'b');
      expect((await reserve([slots(2)], 'c')).admitted).toBe(false);
      await meters.release([slot('a')]);
      await meters.release([slot('a')]);
      expect((await reserve([slots(2)], 'd')).admitted).toBe(true);
      expect((await reserve([slots(2)], 'e')).admitted).toBe(false);
    });

    it('takes no slot for a call that was released before its reservation', async () => {
      const { meters, reserve, slot } = begin();
      await meters.release([slot('late')]);
      expect(await reserve([slots(1)], 'late')).toEqual({ admitted: false, reason: 'already_settled' });
      expect((await reserve([slots(1)], 'other')).admitted).toBe(true);
    });

    it('releases the slot of a crashed replica, and keeps a renewed slot', async () => {
      const { clock, meters, other, reserve, slot } = begin();
      await reserve([slots(2)], 'dead', other);
      await reserve([slots(2)], 'alive');
      clock.advance(20_000);
      await meters.renew([slot('alive')]);
      clock.advance(20_000);
      expect((await reserve([slots(2)], 'next')).admitted).toBe(true);
      expect((await reserve([slots(2)], 'one more')).admitted).toBe(false);
    });

    it('does not restore an expired slot when it is renewed', async () => {
      const { clock, meters, reserve, slot } = begin();
      await reserve([slots(1)], 'lost');
      clock.advance(30_001);
      await meters.renew([slot('lost')]);
      expect((await reserve([slots(1)], 'next')).admitted).toBe(true);
    });

    it('counts each tenant and each subject separately', async () => {
      const { meters, tenant, reserve } = begin();
      await reserve([window(1)]);
      expect((await meters.reserve({ tenant, subject: 'other', callId: 'x', charges: [window(1)] })).admitted).toBe(true);
      expect((await meters.reserve({ tenant: `${tenant}-b`, subject: 'key', callId: 'x', charges: [window(1)] })).admitted).toBe(
        true,
      );
    });

    it('admits no additional call when the clock is set back', async () => {
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
