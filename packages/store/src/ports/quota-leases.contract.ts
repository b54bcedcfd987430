import { describe, expect, it } from '@jest/globals';
import { ManualClock, propertyRuns } from '@sluice/core/testing';
import fc from 'fast-check';
import type { Admitted, Charge, EndedCall, Meters, ReservedCharge, SettledCharge } from './meters.ts';

const LEASE_MS = 30_000;
const window = (meter: string, amount: number, limit = 1_000) =>
  ({ kind: 'window', meter, limit, windowMs: 60_000, amount }) as const;
const slots = (amount: number, limit = 100) =>
  ({ kind: 'concurrency', meter: 'concurrent', limit, amount, leaseMs: LEASE_MS }) as const;
const budget = (amount: number, limit = 10_000) =>
  ({ kind: 'budget', meter: 'budget', limit, amount, period: 'p', endsAtMs: undefined, leaseMs: LEASE_MS }) as const;

interface Part {
  /** By limit: what ends of the lease. The actual amounts of budgets and tokens. */
  readonly amounts: readonly number[];
  readonly actual: readonly number[];
}

const part: fc.Arbitrary<Part> = fc.record({
  amounts: fc.tuple(fc.nat(10), fc.nat(100), fc.nat(10), fc.nat(200)),
  actual: fc.tuple(fc.nat(10), fc.nat(120), fc.constant(0), fc.nat(250)),
});

let unique = 0;

/** Tests the quota leases of an adapter of `Meters`. Two replicas share the store of a clock. */
export function quotaLeasesContract(adapter: string, runs: number, open: (clock: ManualClock, replica: number) => Meters): void {
  const begin = () => {
    const clock = new ManualClock(1_700_000_000_000);
    const [meters, other] = [open(clock, 0), open(clock, 1)] as const;
    const of = { tenant: `quota-leases-${++unique}`, subject: 'key' };
    let ids = 0;
    const reserve = (charges: readonly Charge[], callId = `call-${++ids}`, by = meters) => by.reserve({ ...of, callId, charges });
    const lease = async (charges: readonly Charge[], callId = `lease-${++ids}`, by = meters): Promise<Admitted> => {
      const result = await by.reserve({ ...of, callId, charges, isQuotaLease: true });
      if (!result.admitted) throw new Error(`${callId} was refused`);
      return result;
    };
    const settle = (charges: readonly SettledCharge[], ended: readonly EndedCall[] = [], callId = `part-${++ids}`) =>
      meters.settleQuotaLeases({ ...of, callId, charges, ended, closed: [] });
    const state = async () => {
      const { spent, reserved } = await meters.budget({ ...of, meter: 'budget', period: 'p' });
      return { spent, reserved };
    };
    /** Returns what remains of a limit after one more call. */
    const remaining = async (charge: Charge) => {
      const result = await reserve([charge]);
      return result.admitted ? result.reserved[0]?.state.remaining : 'refused';
    };
    return { clock, meters, other, of, reserve, lease, settle, state, remaining };
  };
  const partOf = (reserved: ReservedCharge | undefined, amount: number, actual: number): SettledCharge => {
    if (reserved === undefined) throw new Error('the lease does not have the limit');
    return { charge: reserved.charge, receipt: reserved.receipt, amount, actual };
  };

  describe(`quota leases (${adapter})`, () => {
    it('reserves the sums of many calls, and refuses a lease that does not fit', async () => {
      const { lease, reserve, state } = begin();
      const { reserved } = await lease([window('requests', 40), slots(40), budget(4_000)]);
      expect(reserved.map(({ amount }) => amount)).toEqual([40, 40, 4_000]);
      expect(reserved.map((one) => one.state.remaining)).toEqual([960, 60, 6_000]);
      expect(await reserve([slots(61)])).toMatchObject({ admitted: false, charge: { meter: 'concurrent' } });
      expect(await reserve([slots(60)])).toMatchObject({ admitted: true });
      expect(await state()).toEqual({ spent: 0, reserved: 4_000 });
    });

    it('returns the time until the first sub-window ends that has counted a lease', async () => {
      const { clock, lease } = begin();
      clock.advance(400);
      const ofMinute = await lease([window('requests', 1), { ...window('requests', 1), windowMs: 3_600_000 }, slots(1)]);
      expect(ofMinute.usableMs).toBeCloseTo(600, 3);
      const ofSecond = await lease([{ ...window('requests', 1), windowMs: 1_000 }]);
      expect(ofSecond.usableMs).toBeCloseTo(50, 3);
      expect((await lease([slots(1)])).usableMs).toBeUndefined();
    });

    it('returns parts of a lease, keeps the rest reserved, and counts a repeated settlement once', async () => {
      const { lease, settle, state, remaining } = begin();
      const { reserved } = await lease([window('requests', 40), window('tokens', 400), slots(40), budget(4_000)]);
      const [, tokens, slot, money] = reserved;
      const ended = [partOf(tokens, 100, 30), partOf(slot, 10, 0), partOf(money, 1_000, 300)];
      for (let n = 0; n < 3; n++) await settle(ended, [], 'part');
      expect(await state()).toEqual({ spent: 300, reserved: 3_000 });
      expect(await remaining(slots(1))).toBe(100 - 30 - 1);
      expect(await remaining(window('tokens', 1))).toBe(1_000 - 330 - 1);
      await settle([partOf(reserved[0], 30, 0), partOf(tokens, 300, 0), partOf(slot, 30, 0), partOf(money, 3_000, 0)]);
      expect(await state()).toEqual({ spent: 300, reserved: 0 });
      expect(await remaining(window('requests', 1))).toBe(1_000 - 10 - 1);
    });

    it('returns an unused part to the sub-window that counted it, and counts a shortfall now', async () => {
      const { clock, lease, settle, remaining } = begin();
      const early = await lease([window('tokens', 500)]);
      clock.advance(10_000);
      const late = await lease([window('tokens', 200)]);
      await settle([partOf(early.reserved[0], 500, 100), partOf(late.reserved[0], 200, 250)]);
      expect(await remaining(window('tokens', 1))).toBe(1_000 - 350 - 1);
      // the early sub-window has left the window
      clock.advance(52_000);
      expect(await remaining(window('tokens', 1))).toBe(1_000 - 251 - 1);
    });

    it('settles several leases with one entry per limit and equal receipt', async () => {
      const { lease, settle, state, remaining } = begin();
      const leases = [
        await lease([window('tokens', 100), slots(10), budget(500)]),
        await lease([window('tokens', 60), slots(5), budget(300)]),
      ];
      const sums: { charge: Charge; receipt: unknown; amount: number; actual: number }[] = [];
      for (const { charge, receipt, amount } of leases.flatMap(({ reserved }) => reserved)) {
        const sum = sums.find((one) => one.charge.meter === charge.meter && one.receipt === receipt);
        if (sum === undefined) sums.push({ charge, receipt, amount, actual: 20 });
        else sum.amount += amount;
      }
      await settle(sums);
      const budgets = sums.filter(({ charge }) => charge.kind === 'budget').length;
      expect(await state()).toEqual({ spent: 20 * budgets, reserved: 0 });
      expect(await remaining(slots(1))).toBe(99);
      expect(await remaining(window('tokens', 1))).toBe(1_000 - 20 - 1);
    });

    it('returns everything if the caller received no response', async () => {
      const { meters, of, lease, state, remaining } = begin();
      const charges = [window('tokens', 400), slots(40), budget(4_000)];
      const unused = charges.map((charge) => ({ charge, actual: 0 }));
      await lease(charges, 'lost');
      await meters.settle({ ...of, callId: 'lost', unconfirmed: true, charges: unused });
      expect(await state()).toEqual({ spent: 0, reserved: 0 });
      expect(await remaining(slots(1))).toBe(99);
      expect(await remaining(window('tokens', 1))).toBe(999);
    });

    it('frees the slots and money of a crashed replica once, also if it returns', async () => {
      const { clock, other, lease, settle, reserve, state, remaining } = begin();
      const { reserved } = await lease([slots(90), budget(9_000)]);
      expect(await reserve([slots(1), budget(2_000)], 'refused', other)).toMatchObject({ admitted: false });
      clock.advance(LEASE_MS + 1);
      await reserve([slots(50), budget(5_000)], 'next', other);
      await settle([partOf(reserved[0], 90, 0), partOf(reserved[1], 9_000, 700)]);
      expect(await state()).toEqual({ spent: 700, reserved: 5_000 });
      expect(await remaining(slots(1))).toBe(49);
    });

    it('renews the slots and money of a lease', async () => {
      const { clock, meters, of, lease, state, remaining } = begin();
      await lease([slots(90), budget(9_000)], 'lease');
      const held = { ...of, callId: 'lease', leaseMs: LEASE_MS };
      clock.advance(20_000);
      await meters.renew([
        { ...held, kind: 'concurrency', meter: 'concurrent' },
        { ...held, kind: 'budget', meter: 'budget', period: 'p', amount: 9_000 },
      ]);
      clock.advance(20_000);
      expect(await remaining(slots(1))).toBe(9);
      expect(await state()).toEqual({ spent: 0, reserved: 9_000 });
    });

    it('counts a call once that another replica has settled, before or after its lease', async () => {
      const { other, of, lease, settle, state } = begin();
      const { reserved } = await lease([budget(4_000)]);
      // an orphan of a replica that was taken for crashed
      const settleOrphan = (callId: string) => other.settle({ ...of, callId, charges: [{ charge: budget(100), actual: 70 }] });
      await settleOrphan('before');
      const ended = ['before', 'alone', 'after'].map((callId) => ({ callId, cost: 70 }));
      await settle([partOf(reserved[0], 300, 210)], ended);
      expect(await state()).toEqual({ spent: 210, reserved: 3_700 });
      await settleOrphan('after');
      expect(await state()).toEqual({ spent: 210, reserved: 3_700 });
    });

    it('remembers the ends of more calls than one command takes', async () => {
      const { other, of, lease, settle, state } = begin();
      const { reserved } = await lease([budget(4_000)]);
      const ended = Array.from({ length: 2_500 }, (_, n) => ({ callId: `ended-${n}`, cost: 1 }));
      await settle([partOf(reserved[0], 4_000, 2_500)], ended);
      for (const { callId } of [ended[0], ended[999], ended[1_000], ended[2_499]] as EndedCall[])
        await other.settle({ ...of, callId, charges: [{ charge: budget(1), actual: 1 }] });
      expect(await state()).toEqual({ spent: 2_500, reserved: 0 });
    });

    it('rejects an amount that cannot be counted, and changes nothing', async () => {
      const { lease, settle, state } = begin();
      const { reserved } = await lease([slots(10), budget(1_000)]);
      const [slot, money] = reserved;
      await expect(settle([partOf(money, 0.5, 0)])).rejects.toThrow('amount out of range');
      await expect(settle([partOf(money, 10, -1)])).rejects.toThrow('amount out of range');
      await expect(settle([partOf(slot, Number.NaN, 0)])).rejects.toThrow('amount out of range');
      await expect(settle([partOf(money, 10, 10)], [{ callId: 'c', cost: 0.1 }])).rejects.toThrow('amount out of range');
      expect(await state()).toEqual({ spent: 0, reserved: 1_000 });
    });

    it('adds up any parts of leases exactly, and leaves nothing reserved', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 8 }), async (parts) => {
          const { lease, settle, state, remaining } = begin();
          const limit = 1_000_000;
          const sum = (n: number) => parts.reduce((all, { amounts }) => all + (amounts[n] as number), 0);
          const charges = [
            window('requests', sum(0), limit),
            window('tokens', sum(1), limit),
            slots(sum(2), limit),
            budget(sum(3), limit),
          ];
          const { reserved } = await lease(charges);
          for (const { amounts, actual } of parts)
            await settle(reserved.map((one, n) => partOf(one, amounts[n] as number, actual[n] as number)));
          const used = (n: number) => parts.reduce((all, one) => all + (one.actual[n] as number), 0);
          expect(await state()).toEqual({ spent: used(3), reserved: 0 });
          expect(await remaining(window('requests', 1, limit))).toBe(limit - used(0) - 1);
          expect(await remaining(window('tokens', 1, limit))).toBe(limit - used(1) - 1);
          expect(await remaining(slots(1, limit))).toBe(limit - 1);
        }),
        { numRuns: propertyRuns(runs) },
      );
    });
  });
}
