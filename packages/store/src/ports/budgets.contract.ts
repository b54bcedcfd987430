import { describe, expect, it } from '@jest/globals';
import { ManualClock, propertyRuns } from '@sluice/core/testing';
import fc from 'fast-check';
import type { BudgetCharge, Charge, Meters, WindowCharge } from './meters.ts';

const LARGEST = Number.MAX_SAFE_INTEGER;
const MONTH = { period: '2026-11', endsAtMs: undefined, leaseMs: 30_000 } as const;

const budget = (limit: number, amount: number, more: Partial<BudgetCharge> = {}): BudgetCharge => ({
  ...{ kind: 'budget', meter: 'budget', limit, amount },
  ...MONTH,
  ...more,
});
const tokens = (limit: number, amount: number): WindowCharge => ({
  ...{ kind: 'window', meter: 'tokens', limit, amount, windowMs: 60_000 },
});

let unique = 0;

/** Tests the budgets of an adapter of `Meters`: amounts out of range, two kinds of refusal, and grants. */
export function budgetsContract(adapter: string, open: (clock: ManualClock) => Meters): void {
  const begin = () => {
    const clock = new ManualClock(1_700_000_000_000);
    const meters = open(clock);
    const of = { tenant: `budgets-${++unique}`, subject: 'key' };
    const reserve = (callId: string, charges: readonly Charge[]) => meters.reserve({ ...of, callId, charges });
    const settle = (callId: string, charge: Charge, actual: number) =>
      meters.settle({ ...of, callId, charges: [{ charge, actual }] });
    const state = async () => {
      const { spent, reserved } = await meters.budget({ ...of, meter: 'budget', period: MONTH.period });
      return { spent, reserved };
    };
    const tokensLeft = async (callId: string) => {
      const result = await reserve(callId, [tokens(100, 1)]);
      return result.admitted ? result.reserved[0]?.state.remaining : undefined;
    };
    return { clock, meters, of, reserve, settle, state, tokensLeft };
  };

  describe(`budgets (${adapter})`, () => {
    it.each([Number.NaN, -1, 0.5, 2 ** 53, 9e18, Number.POSITIVE_INFINITY])(
      'rejects the amount %p, and changes nothing',
      async (amount) => {
        const { meters, of, reserve, settle, state, tokensLeft } = begin();
        await reserve('held', [budget(1_000, 100), tokens(100, 10)]);
        await expect(reserve('bad', [tokens(100, 10), budget(1_000, amount)])).rejects.toThrow('amount out of range');
        await expect(reserve('bad', [budget(1_000, 10), tokens(100, amount)])).rejects.toThrow('amount out of range');
        await expect(settle('held', budget(1_000, 100), amount)).rejects.toThrow('amount out of range');
        const lease = { ...of, meter: 'budget', ...MONTH, limit: 1_000, holder: 'replica', promised: 0 };
        await expect(meters.lease({ ...lease, wanted: amount })).rejects.toThrow('amount out of range');
        expect(await state()).toEqual({ spent: 0, reserved: 100 });
        expect(await tokensLeft('look')).toBe(89);
        // the call is not marked as settled
        await settle('held', budget(1_000, 100), 40);
        expect(await state()).toEqual({ spent: 40, reserved: 0 });
      },
    );

    it('saturates the spend at the largest amount, and never makes it negative', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.maxSafeNat(), { minLength: 2, maxLength: 6 }), async (amounts) => {
          const { reserve, settle, state } = begin();
          await reserve('first', [budget(LARGEST, 1)]);
          for (const [n, amount] of amounts.entries()) await settle(`call-${n}`, budget(LARGEST, 0), amount);
          const sum = amounts.reduce((all, amount) => all + BigInt(amount), 0n);
          const { spent } = await state();
          expect(BigInt(spent)).toBe(sum > BigInt(LARGEST) ? BigInt(LARGEST) : sum);
        }),
        { numRuns: propertyRuns(25) },
      );
    });

    it('refuses every call when the spend of a budget is saturated', async () => {
      const { reserve, settle } = begin();
      await reserve('first', [budget(1_000, 1)]);
      for (const call of ['first', 'second', 'third']) await settle(call, budget(1_000, 1), LARGEST);
      for (let n = 0; n < 30; n++) expect((await reserve(`call-${n}`, [budget(1_000, 1)])).admitted).toBe(false);
    });

    it('refuses no call for a soft budget, whatever its spend', async () => {
      const { reserve, settle } = begin();
      await reserve('first', [budget(LARGEST, 1)]);
      await settle('first', budget(LARGEST, 1), LARGEST);
      expect((await reserve('next', [budget(LARGEST, 1_000)])).admitted).toBe(true);
    });

    it('distinguishes a spent budget from one that calls in flight have reserved', async () => {
      const { reserve, settle } = begin();
      await reserve('in flight', [budget(100, 80)]);
      expect(await reserve('next', [budget(100, 30)])).toMatchObject({ admitted: false, inFlight: true, retryAfterMs: 1_000 });
      await settle('in flight', budget(100, 80), 80);
      const spent = await reserve('next', [budget(100, 30)]);
      expect(spent).toMatchObject({ admitted: false, charge: { meter: 'budget' } });
      expect(spent).not.toHaveProperty('inFlight');
    });

    it('shows nothing as reserved or leased after the leases have ended, also without a further call', async () => {
      const { clock, meters, of, reserve } = begin();
      await reserve('in flight', [budget(1_000, 80)]);
      const name = { ...of, meter: 'budget', period: MONTH.period };
      await meters.lease({ ...name, ...MONTH, limit: 1_000, holder: 'replica', wanted: 20, promised: 0 });
      expect(await meters.budget(name)).toEqual({ spent: 0, reserved: 80, leased: 20 });
      clock.advance(30_001);
      expect(await meters.budget(name)).toEqual({ spent: 0, reserved: 0, leased: 0 });
    });

    it('admits a refused call at its retry when the budget has room', async () => {
      const { reserve, settle, state } = begin();
      await reserve('in flight', [budget(100, 80)]);
      expect((await reserve('waiting', [budget(100, 30)])).admitted).toBe(false);
      await settle('in flight', budget(100, 80), 10);
      expect((await reserve('waiting', [budget(100, 30)])).admitted).toBe(true);
      expect((await reserve('waiting', [budget(100, 30)])).admitted).toBe(true);
      expect(await state()).toEqual({ spent: 10, reserved: 30 });
    });

    it('grants 1 % of the remaining budget beyond the minimum of a call, up to its maximum', async () => {
      const { reserve } = begin();
      const granted = async (callId: string, amount: number, maxAmount: number) => {
        const result = await reserve(callId, [budget(10_000, amount, { maxAmount })]);
        return result.admitted ? result.reserved.map((one) => one.amount) : 'refused';
      };
      expect(await granted('plenty', 100, 150)).toEqual([150]);
      expect(await granted('a share', 100, 5_000)).toEqual([100 + 97]);
      expect(await granted('no more than needed', 100, 0)).toEqual([100]);
      expect(await granted('nearly all', 9_500, 20_000)).toEqual([9_500]);
      expect(await granted('too much', 100, 20_000)).toBe('refused');
    });

    it('reserves the smallest grant of several budgets on each of them', async () => {
      const { meters, of, reserve, state } = begin();
      const team = budget(1_000, 100, { maxAmount: 900, subject: '@team:web' });
      const result = await reserve('call', [budget(100_000, 100, { maxAmount: 900 }), team]);
      expect(result).toMatchObject({ admitted: true, reserved: [{ amount: 109 }, { amount: 109 }] });
      expect(await state()).toEqual({ spent: 0, reserved: 109 });
      expect(await meters.budget({ ...of, subject: '@team:web', meter: 'budget', period: MONTH.period })).toMatchObject({
        reserved: 109,
      });
    });

    describe('reservation without a received response', () => {
      const charge = budget(1_000, 100, { maxAmount: 400 });
      const unused = [tokens(100, 30), charge].map((one) => ({ charge: one, actual: 0 }));

      it('returns everything that it took, if the call is settled without cost', async () => {
        const { meters, of, reserve, state, tokensLeft } = begin();
        await reserve('lost', [tokens(100, 30), charge]);
        expect((await state()).reserved).toBe(109);
        await meters.settle({ ...of, callId: 'lost', unconfirmed: true, charges: unused });
        expect(await state()).toEqual({ spent: 0, reserved: 0 });
        expect(await tokensLeft('look')).toBe(99);
      });

      it('takes nothing if it runs after the settlement', async () => {
        const { meters, of, reserve, state, tokensLeft } = begin();
        await meters.settle({ ...of, callId: 'late', unconfirmed: true, charges: unused });
        expect((await reserve('late', [tokens(100, 30), charge])).admitted).toBe(false);
        expect(await state()).toEqual({ spent: 0, reserved: 0 });
        expect(await tokensLeft('look')).toBe(99);
      });
    });
  });
}
