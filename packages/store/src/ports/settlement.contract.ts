import { describe, expect, it } from '@jest/globals';
import { ManualClock, propertyRuns } from '@sluice/core/testing';
import fc from 'fast-check';
import type { BudgetCharge, Charge, Meters, WindowCharge } from './meters.ts';

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
  /** A replica dies with the call, which is never settled. */
  | { readonly do: 'die'; readonly which: number }
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
      { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), which: fc.nat(20) }) },
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
    const reserve = (callId: string, holds: readonly Charge[], by = meters) => by.reserve({ ...of, callId, holds });
    const settle = (callId: string, hold: Charge, actual: number, receipt = 0, by = meters) =>
      by.settle({ ...of, callId, holds: [{ hold, receipt, actual }] });
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
    return { clock, connections, meters, of, reserve, settle, spent, lease };
  };

  describe(`settlement (${adapter})`, () => {
    it('never lets spent and reserved pass a budget, ends with nothing reserved, and loses no amount', async () => {
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
                await settle(callId, budget(limit, amount), actual, 0, by);
                if (one.twice) await settle(callId, budget(limit, amount), actual, 0, by);
                paid += actual;
                inFlight.delete(callId);
                break;
              }
              case 'die': {
                const [callId] = nth(one.which) ?? [''];
                inFlight.delete(callId);
                break;
              }
              case 'renew': {
                const places = [...inFlight].map(([callId, { amount }]) => ({
                  ...of,
                  callId,
                  meter: 'budget',
                  leaseMs: LEASE_MS,
                  budget: { period: '2026-11', amount },
                }));
                if (places.length > 0) await by.renew(places);
                for (const held of inFlight.values()) if (held.untilMs > clock.now()) held.untilMs = clock.now() + LEASE_MS;
                break;
              }
              case 'wait':
                clock.advance(one.ms);
            }
          }
          clock.advance(LEASE_MS + 1);
          // looking frees what the dead held
          await reserve('last', [budget(limit, limit + 1)]);
          expect(await spent()).toEqual({ spent: paid, reserved: 0 });
        }),
        { numRuns: propertyRuns(runs) },
      );
    });

    it('admits of 200 calls at once just those that a budget pays for', async () => {
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
        meters: [{ meter: 'budget', limit: 100, remaining: 40 }],
      });
      // reservations may be released
      expect(await reserve('b', [month])).toMatchObject({ admitted: false, meter: 'budget', retryAfterMs: 1_000 });
      await settle('a', month, 60);
      expect(await reserve('c', [month])).toMatchObject({ admitted: false, retryAfterMs: 3_600_000 });
    });

    it('reserves on all meters or on none', async () => {
      const { reserve, spent } = begin();
      await reserve('a', [tokens(10, 8)]);
      expect(await reserve('b', [budget(100, 50), tokens(10, 8)])).toMatchObject({ admitted: false, meter: 'tokens' });
      expect(await spent()).toEqual({ spent: 0, reserved: 0 });
    });

    it('spends what is settled after its lease ran out, once', async () => {
      const { clock, reserve, settle, spent } = begin();
      await reserve('late', [budget(100, 60)]);
      clock.advance(LEASE_MS + 1);
      expect((await reserve('next', [budget(100, 60)])).admitted).toBe(true);
      await settle('late', budget(100, 60), 50);
      await settle('late', budget(100, 60), 50);
      expect(await spent()).toEqual({ spent: 50, reserved: 60 });
    });

    it('takes nothing for a call that was settled before it was reserved', async () => {
      const { reserve, settle, spent } = begin();
      await settle('early', budget(100, 60), 0);
      expect((await reserve('early', [budget(100, 60)])).admitted).toBe(false);
      expect(await spent()).toEqual({ spent: 0, reserved: 0 });
    });

    it('takes from a group’s meters beside the caller’s own, from all or from none', async () => {
      const { meters, of, spent } = begin();
      const team = { ...budget(100, 60), subject: '@team:web' };
      const both = (subject: string, callId: string) =>
        meters.reserve({ ...of, subject, callId, holds: [budget(1_000, 60), team] });
      const first = await both('key', 'a');
      expect(first.admitted).toBe(true);
      // another key of the same team
      expect(await both('other', 'b')).toMatchObject({ admitted: false, meter: 'budget', full: 1 });
      expect(await meters.budget({ ...of, subject: 'other', meter: 'budget', period: '2026-11' })).toEqual({
        spent: 0,
        reserved: 0,
        leased: 0,
      });
      await meters.settle({
        ...of,
        callId: 'a',
        holds: [budget(1_000, 60), team].map((hold) => ({ hold, receipt: 0, actual: 10 })),
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

      it('keeps what is promised, and says what it should be', async () => {
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

    it('keeps periods apart', async () => {
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
      it('gives back what was too much, and counts what was too little', async () => {
        const { reserve, settle } = begin();
        const first = await reserve('a', [tokens(100, 80)]);
        if (!first.admitted) throw new Error('refused');
        await settle('a', tokens(100, 80), 30, first.receipts[0]);
        const second = await reserve('b', [tokens(100, 70)]);
        expect(second).toMatchObject({ admitted: true, meters: [{ remaining: 0 }] });
        if (!second.admitted) throw new Error('refused');
        await settle('b', tokens(100, 70), 90, second.receipts[0]);
        expect(await reserve('c', [tokens(100, 1)])).toMatchObject({ admitted: false });
      });

      it('counts in full what was admitted while the store was away, once', async () => {
        const { connections, of, reserve } = begin();
        const meters = connections[0] as Meters;
        const settle = (callId: string, actual: number) =>
          meters.settle({ ...of, callId, unreserved: true, holds: [{ hold: tokens(100, 30), receipt: 0, actual }] });
        const left = async (callId: string) => (await reserve(callId, [tokens(100, 1)])).meters[0]?.remaining;
        await settle('never-reserved', 20);
        await settle('never-reserved', 20);
        expect(await left('look-1')).toBe(79);
        // its reservation comes late, and is for nothing
        expect((await reserve('never-reserved', [tokens(100, 30)])).admitted).toBe(false);
        // this one's had come through, and only the answer was lost
        await reserve('answer-lost', [tokens(100, 30)]);
        await settle('answer-lost', 20);
        expect(await left('look-2')).toBe(58);
      });

      it('gives back to the sub-window in which it was counted, so that what was counted later stays', async () => {
        const { clock, reserve, settle } = begin();
        const early = await reserve('early', [tokens(100, 10)]);
        if (!early.admitted) throw new Error('refused');
        clock.advance(10_000);
        await reserve('late', [tokens(100, 20)]);
        await settle('early', tokens(100, 10), 4, early.receipts[0]);
        // the early call has left the window, the late one has not
        clock.advance(52_000);
        expect(await reserve('look', [tokens(100, 1)])).toMatchObject({ meters: [{ remaining: 79 }] });
      });

      it('gives back while others have left that nobody has taken out yet', async () => {
        const { clock, reserve, settle } = begin();
        await reserve('left', [tokens(100, 5)]);
        clock.advance(10_000);
        const held = await reserve('held', [tokens(100, 10)]);
        if (!held.admitted) throw new Error('refused');
        clock.advance(52_000);
        await settle('held', tokens(100, 10), 4, held.receipts[0]);
        expect(await reserve('look', [tokens(100, 1)])).toMatchObject({ meters: [{ remaining: 95 }] });
      });

      it('gives nothing back that has left the window already', async () => {
        const { clock, reserve, settle } = begin();
        const old = await reserve('old', [tokens(100, 100)]);
        if (!old.admitted) throw new Error('refused');
        clock.advance(2 * MINUTE);
        expect((await reserve('new', [tokens(100, 100)])).admitted).toBe(true);
        await settle('old', tokens(100, 100), 0, old.receipts[0]);
        expect((await reserve('more', [tokens(100, 1)])).admitted).toBe(false);
      });

      it('never lets what calls came to pass the limit in any span of its length', async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
            const { clock, connections, reserve, settle } = begin();
            const limit = 100;
            const inFlight = new Map<string, { atMs: number; amount: number; receipt: number }>();
            const came: { atMs: number; amount: number }[] = [];
            for (const [n, { client, ...one }] of steps.entries()) {
              const by = connections[client] as Meters;
              if (one.do === 'reserve') {
                const result = await reserve(`call-${n}`, [tokens(limit, one.amount)], by);
                if (!result.admitted) continue;
                inFlight.set(`call-${n}`, { atMs: clock.now(), amount: one.amount, receipt: result.receipts[0] as number });
                const within = [...came, ...inFlight.values()].filter(({ atMs }) => atMs > clock.now() - MINUTE);
                expect(within.reduce((sum, { amount }) => sum + amount, 0)).toBeLessThanOrEqual(limit);
              } else if (one.do === 'settle') {
                const [callId, held] = [...inFlight][one.which % Math.max(1, inFlight.size)] ?? [];
                if (callId === undefined || held === undefined) continue;
                const actual = Math.floor(held.amount * one.part);
                await settle(callId, tokens(limit, held.amount), actual, held.receipt, by);
                inFlight.delete(callId);
                came.push({ atMs: held.atMs, amount: actual });
              } else if (one.do === 'wait') clock.advance(one.ms);
            }
          }),
          { numRuns: propertyRuns(runs) },
        );
      });
    });
  });
}
