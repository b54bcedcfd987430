import { describe, expect, it } from '@jest/globals';
import { ManualClock, propertyRuns } from '@sluice/core/testing';
import fc from 'fast-check';
import type { BudgetCharge, Charge, Meters, ReservedCharge, WindowCharge } from './meters.ts';

const CLIENTS = 3;
const LEASE_MS = 30_000;
const MINUTE = 60_000;

const budget = (limit: number, amount: number, period = '2026-11'): BudgetCharge => ({
  kind: 'budget',
  meter: 'budget',
  limit,
  amount,
  period,
  endsAtMs: undefined,
  leaseMs: LEASE_MS,
});
const tokens = (limit: number, amount: number): WindowCharge => ({
  kind: 'window',
  meter: 'tokens',
  limit,
  amount,
  windowMs: MINUTE,
});

type Step =
  | { readonly do: 'reserve'; readonly amount: number }
  /** Settles the n-th call in flight at a share of its reservation. */
  | { readonly do: 'settle'; readonly which: number; readonly part: number; readonly twice: boolean }
  /** A replica crashes with the call, which is never settled. */
  | { readonly do: 'crash'; readonly which: number }
  | { readonly do: 'renew' }
  | { readonly do: 'wait'; readonly ms: number };

const step: fc.Arbitrary<Step & { readonly client: number }> = fc
  .record({
    client: fc.nat(CLIENTS - 1),
    step: fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('reserve' as const), amount: fc.integer({ min: 1, max: 40 }) }) },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('settle' as const),
          which: fc.nat(20),
          part: fc.double({ min: 0, max: 1, noNaN: true }),
          twice: fc.boolean(),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), which: fc.nat(20) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('renew' as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 20_000 }) }) },
    ),
  })
  .map(({ client, step }) => ({ ...step, client }));

let unique = 0;

/**
 * Compares reservations and settlements with a model that remembers every call.
 *
 * @param open opens a connection to one store, on the clock that the test moves
 */
export function settlementContract(
  adapter: string,
  runs: number,
  open: (clock: ManualClock, connection: number) => Meters,
): void {
  const begin = () => {
    const clock = new ManualClock(1_700_000_000_000);
    const connections = Array.from({ length: CLIENTS }, (_, n) => open(clock, n));
    const tenant = `settlement-${++unique}`;
    const of = { tenant, subject: 'key' };
    const [meters] = connections as [Meters];
    const reserve = (callId: string, charges: readonly Charge[], by = meters) => by.reserve({ ...of, callId, charges });
    const settle = (callId: string, charge: Charge, actual: number, by = meters) =>
      by.settle({ ...of, callId, charges: [{ charge, actual }] });
    /** Reserves on one limit. Returns undefined for a refused call. */
    const hold = async (callId: string, charge: Charge, by = meters) => {
      const result = await reserve(callId, [charge], by);
      return result.admitted ? result.reserved[0] : undefined;
    };
    const settleReserved = (callId: string, reserved: ReservedCharge | undefined, actual: number, by = meters) => {
      if (reserved === undefined) throw new Error(`${callId} was refused`);
      return by.settle({ ...of, callId, charges: [{ ...reserved, actual }] });
    };
    const spent = async (period = '2026-11') => {
      const { spent, reserved, leased } = await meters.budget({ ...of, meter: 'budget', period });
      return leased === 0 ? { spent, reserved } : { spent, reserved, leased };
    };
    const lease = (holder: string, wanted: number, promised = 0, by = meters) =>
      by.lease({
        ...of,
        ...{ meter: 'budget', period: '2026-11', endsAtMs: undefined, limit: 1_000 },
        ...{ holder, wanted, promised, leaseMs: 60_000 },
      });
    return { clock, connections, meters, of, reserve, settle, hold, settleReserved, spent, lease };
  };

  describe(`settlement (${adapter})`, () => {
    it('never exceeds a budget, loses no amount, and leaves no reservation behind', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
          const { clock, connections, of, reserve, settle, spent } = begin();
          const limit = 100;
          const inFlight = new Map<string, { amount: number; untilMs: number }>();
          let paid = 0;
          for (const [n, { client, ...one }] of steps.entries()) {
            const by = connections[client] as Meters;
            const nth = (which: number) => [...inFlight][which % Math.max(1, inFlight.size)];
            switch (one.do) {
              case 'reserve': {
                const before = await spent();
                const result = await reserve(`call-${n}`, [budget(limit, one.amount)], by);
                const after = await spent();
                if (result.admitted) {
                  inFlight.set(`call-${n}`, { amount: one.amount, untilMs: clock.now() + LEASE_MS });
                  expect(after.spent + after.reserved).toBeLessThanOrEqual(limit);
                } else {
                  // a refusal changes nothing, except that it releases expired reservations
                  expect(after.spent).toBe(before.spent);
                  expect(after.reserved).toBeLessThanOrEqual(before.reserved);
                  expect(after.spent + after.reserved + one.amount).toBeGreaterThan(limit);
                }
                break;
              }
              case 'settle': {
                const [callId, { amount }] = nth(one.which) ?? ['', { amount: 0 }];
                if (callId === '') break;
                const actual = Math.floor(amount * one.part);
                await settle(callId, budget(limit, amount), actual, by);
                if (one.twice) await settle(callId, budget(limit, amount), actual, by);
                paid += actual;
                inFlight.delete(callId);
                break;
              }
              case 'crash': {
                const [callId] = nth(one.which) ?? [''];
                inFlight.delete(callId);
                break;
              }
              case 'renew': {
                const held = [...inFlight].map(([callId, { amount }]) => ({
                  ...of,
                  ...{ kind: 'budget' as const, callId, meter: 'budget', leaseMs: LEASE_MS, period: '2026-11', amount },
                }));
                if (held.length > 0) await by.renew(held);
                for (const one of inFlight.values()) if (one.untilMs > clock.now()) one.untilMs = clock.now() + LEASE_MS;
                break;
              }
              case 'wait':
                clock.advance(one.ms);
            }
          }
          clock.advance(LEASE_MS + 1);
          // a reservation releases the amounts of crashed replicas
          await reserve('last', [budget(limit, limit + 1)]);
          expect(await spent()).toEqual({ spent: paid, reserved: 0 });
        }),
        { numRuns: propertyRuns(runs) },
      );
    });

    it('admits exactly 50 of 200 concurrent calls if the budget pays for 50', async () => {
      const { connections, reserve, spent } = begin();
      const results = await Promise.all(
        Array.from({ length: 200 }, (_, n) => reserve(`call-${n}`, [budget(1_000, 20)], connections[n % CLIENTS])),
      );
      expect(results.filter(({ admitted }) => admitted)).toHaveLength(50);
      expect(await spent()).toEqual({ spent: 0, reserved: 1_000 });
    });

    it('returns the exhausted limit, its remaining amount and the retry delay', async () => {
      const { clock, reserve, settle } = begin();
      const month = { ...budget(100, 60), endsAtMs: clock.now() + 3_600_000 };
      expect(await reserve('a', [month])).toMatchObject({
        admitted: true,
        reserved: [{ state: { meter: 'budget', limit: 100, remaining: 40 } }],
      });
      // reservations may be released
      expect(await reserve('b', [month])).toMatchObject({ admitted: false, charge: { meter: 'budget' }, retryAfterMs: 1_000 });
      await settle('a', month, 60);
      expect(await reserve('c', [month])).toMatchObject({ admitted: false, retryAfterMs: 3_600_000 });
    });

    it('reserves on a budget and a window of a call, or on neither', async () => {
      const { reserve, spent } = begin();
      await reserve('a', [tokens(10, 8)]);
      expect(await reserve('b', [budget(100, 50), tokens(10, 8)])).toMatchObject({
        admitted: false,
        charge: { meter: 'tokens' },
      });
      expect(await spent()).toEqual({ spent: 0, reserved: 0 });
    });

    it('counts the cost of a call that is settled after its lease has expired, once', async () => {
      const { clock, reserve, settle, spent } = begin();
      await reserve('late', [budget(100, 60)]);
      clock.advance(LEASE_MS + 1);
      expect((await reserve('next', [budget(100, 60)])).admitted).toBe(true);
      await settle('late', budget(100, 60), 50);
      await settle('late', budget(100, 60), 50);
      expect(await spent()).toEqual({ spent: 50, reserved: 60 });
    });

    it('takes nothing for a call that was settled before its reservation', async () => {
      const { reserve, settle, spent } = begin();
      await settle('early', budget(100, 60), 0);
      expect((await reserve('early', [budget(100, 60)])).admitted).toBe(false);
      expect(await spent()).toEqual({ spent: 0, reserved: 0 });
    });

    it('takes from the meters of a group and of the caller, from all or from none', async () => {
      const { meters, of, spent } = begin();
      const team = { ...budget(100, 60), subject: '@team:web' };
      const both = (subject: string, callId: string) =>
        meters.reserve({ ...of, subject, callId, charges: [budget(1_000, 60), team] });
      const first = await both('key', 'a');
      expect(first.admitted).toBe(true);
      // another key of the same team
      expect(await both('other', 'b')).toMatchObject({ admitted: false, charge: team });
      expect(await meters.budget({ ...of, subject: 'other', meter: 'budget', period: '2026-11' })).toEqual({
        spent: 0,
        reserved: 0,
        leased: 0,
      });
      await meters.settle({
        ...of,
        callId: 'a',
        charges: [budget(1_000, 60), team].map((charge) => ({ charge, actual: 10 })),
      });
      expect(await spent()).toEqual({ spent: 10, reserved: 0 });
      expect(await meters.budget({ ...of, subject: '@team:web', meter: 'budget', period: '2026-11' })).toEqual({
        spent: 10,
        reserved: 0,
        leased: 0,
      });
    });

    describe('lease of a replica', () => {
      it('leases at most 5 % of the remaining budget, in place of the previous lease', async () => {
        const { reserve, settle, spent, lease } = begin();
        await reserve('a', [budget(1_000, 200)]);
        await settle('a', budget(1_000, 200), 200);
        expect(await lease('one', 500)).toEqual({ granted: 40, target: 40 });
        expect(await lease('two', 10)).toEqual({ granted: 10, target: 10 });
        expect(await spent()).toEqual({ spent: 200, reserved: 0, leased: 50 });
        expect(await lease('one', 500)).toEqual({ granted: 39, target: 39 });
        expect(await lease('one', 0)).toEqual({ granted: 0, target: 0 });
        expect(await spent()).toEqual({ spent: 200, reserved: 0, leased: 10 });
      });

      it('keeps the promised amount, and returns the target without it', async () => {
        const { reserve, spent, lease } = begin();
        await reserve('a', [budget(1_000, 1)]);
        await lease('one', 40);
        expect(await lease('one', 5, 30)).toEqual({ granted: 30, target: 5 });
        expect(await spent()).toEqual({ spent: 0, reserved: 1, leased: 30 });
      });

      it('keeps a lease from other replicas until it expires', async () => {
        const { clock, reserve, spent, lease } = begin();
        await reserve('a', [budget(1_000, 1)]);
        expect((await lease('one', 500)).granted).toBe(49);
        expect((await reserve('b', [budget(1_000, 951)])).admitted).toBe(false);
        clock.advance(60_001);
        expect((await reserve('c', [budget(1_000, 951)])).admitted).toBe(true);
        expect(await spent()).toEqual({ spent: 0, reserved: 951 });
      });

      it('grants one of several concurrent leases of one replica', async () => {
        const { connections, reserve, spent, lease } = begin();
        await reserve('a', [budget(1_000, 1)]);
        await Promise.all(Array.from({ length: 9 }, (_, n) => lease('one', 10, 0, connections[n % CLIENTS])));
        expect(await spent()).toEqual({ spent: 0, reserved: 1, leased: 10 });
      });
    });

    it('counts each period separately', async () => {
      const { reserve, spent } = begin();
      await reserve('a', [budget(100, 100, '2026-11')]);
      expect((await reserve('b', [budget(100, 100, '2026-12')])).admitted).toBe(true);
      expect(await spent('2026-12')).toEqual({ spent: 0, reserved: 100 });
    });

    it('counts large amounts exactly', async () => {
      const { reserve, settle, spent } = begin();
      const million = 1_000_000_000_000_000;
      await reserve('a', [budget(5 * million, million + 1)]);
      await settle('a', budget(5 * million, million + 1), million - 1);
      expect(await spent()).toEqual({ spent: million - 1, reserved: 0 });
    });

    describe('window reservation', () => {
      it('returns an excess, and counts a shortfall', async () => {
        const { reserve, hold, settleReserved } = begin();
        const first = await hold('a', tokens(100, 80));
        await settleReserved('a', first, 30);
        const second = await hold('b', tokens(100, 70));
        expect(second).toMatchObject({ state: { remaining: 0 } });
        await settleReserved('b', second, 90);
        expect(await reserve('c', [tokens(100, 1)])).toMatchObject({ admitted: false });
      });

      it('counts a call that was admitted without the store in full, once', async () => {
        const { meters, of, reserve, hold } = begin();
        const settle = (callId: string, actual: number) =>
          meters.settle({ ...of, callId, unconfirmed: true, charges: [{ charge: tokens(100, 30), actual }] });
        const left = async (callId: string) => (await hold(callId, tokens(100, 1)))?.state.remaining;
        await settle('never-reserved', 20);
        await settle('never-reserved', 20);
        expect(await left('look-1')).toBe(79);
        // its reservation arrives after the settlement, and takes nothing
        expect((await reserve('never-reserved', [tokens(100, 30)])).admitted).toBe(false);
        // the store has made this reservation, and only its response was lost
        await reserve('answer-lost', [tokens(100, 30)]);
        await settle('answer-lost', 20);
        expect(await left('look-2')).toBe(58);
      });

      it('returns an excess to the sub-window that counted it, and keeps later counts', async () => {
        const { clock, reserve, hold, settleReserved } = begin();
        const early = await hold('early', tokens(100, 10));
        clock.advance(10_000);
        await reserve('late', [tokens(100, 20)]);
        await settleReserved('early', early, 4);
        // the early call has left the window, the late one has not
        clock.advance(52_000);
        expect(await hold('look', tokens(100, 1))).toMatchObject({ state: { remaining: 79 } });
      });

      it('returns an excess while the window still stores expired counts', async () => {
        const { clock, hold, settleReserved } = begin();
        await hold('expired', tokens(100, 5));
        clock.advance(10_000);
        const held = await hold('held', tokens(100, 10));
        clock.advance(52_000);
        await settleReserved('held', held, 4);
        expect(await hold('look', tokens(100, 1))).toMatchObject({ state: { remaining: 95 } });
      });

      it('returns no excess that has already left the window', async () => {
        const { clock, reserve, hold, settleReserved } = begin();
        const old = await hold('old', tokens(100, 100));
        clock.advance(2 * MINUTE);
        expect((await reserve('new', [tokens(100, 100)])).admitted).toBe(true);
        await settleReserved('old', old, 0);
        expect((await reserve('more', [tokens(100, 1)])).admitted).toBe(false);
      });

      it('never lets actual and reserved amounts exceed the limit in any span of its length', async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
            const { clock, connections, hold, settleReserved } = begin();
            const limit = 100;
            const inFlight = new Map<string, { atMs: number; amount: number; reserved: ReservedCharge }>();
            const ended: { atMs: number; amount: number }[] = [];
            for (const [n, { client, ...one }] of steps.entries()) {
              const by = connections[client] as Meters;
              if (one.do === 'reserve') {
                const reserved = await hold(`call-${n}`, tokens(limit, one.amount), by);
                if (reserved === undefined) continue;
                inFlight.set(`call-${n}`, { atMs: clock.now(), amount: one.amount, reserved });
                const within = [...ended, ...inFlight.values()].filter(({ atMs }) => atMs > clock.now() - MINUTE);
                expect(within.reduce((sum, { amount }) => sum + amount, 0)).toBeLessThanOrEqual(limit);
              } else if (one.do === 'settle') {
                const [callId, held] = [...inFlight][one.which % Math.max(1, inFlight.size)] ?? [];
                if (callId === undefined || held === undefined) continue;
                const actual = Math.floor(held.amount * one.part);
                await settleReserved(callId, held.reserved, actual, by);
                inFlight.delete(callId);
                ended.push({ atMs: held.atMs, amount: actual });
              } else if (one.do === 'wait') clock.advance(one.ms);
            }
          }),
          { numRuns: propertyRuns(runs) },
        );
      });
    });
  });
}
