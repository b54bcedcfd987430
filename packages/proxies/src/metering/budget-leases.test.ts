import { describe, expect, it } from '@jest/globals';
import { ManualClock, unwatched } from '@sluice/core';
import { MemoryMeters } from '@sluice/store/memory';
import type { BudgetHold } from '@sluice/store/ports';
import fc from 'fast-check';
import { BudgetLeases } from './budget-leases.ts';

const OF = { tenant: 't', subject: 'key' };
const LIMIT = 1_000;
const hold = (amount: number, more: Partial<BudgetHold> = {}): BudgetHold => ({
  kind: 'budget',
  meter: 'budget',
  limit: LIMIT,
  amount,
  period: '2026-11',
  endsAtMs: undefined,
  leaseMs: 30_000,
  ...more,
});

/** Replicas on one store. Each may be disconnected from it. */
function setUp(replicas = 1) {
  const clock = new ManualClock(1_700_000_000_000);
  const store = new MemoryMeters(clock);
  const cut = new Set<number>();
  const leases = Array.from(
    { length: replicas },
    (_, n) =>
      new BudgetLeases({
        meters: { lease: async (request) => (cut.has(n) ? Promise.reject(new Error('unavailable')) : store.lease(request)) },
        clock,
        holder: `replica-${n}`,
        health: unwatched,
        renewMs: 1_000_000_000,
      }),
  );
  const budget = () => store.budget({ ...OF, meter: 'budget', period: '2026-11' });
  return { clock, store, cut, leases, lease: leases[0] as BudgetLeases, budget };
}

describe('BudgetLeases', () => {
  it('leases the cost of the last minute, but at most 5 % of the remaining budget', async () => {
    const { lease, budget, clock } = setUp();
    expect(lease.take(OF, [hold(1)])).toBe(false);
    lease.spent(OF, hold(0), 30);
    await lease.renewAll();
    expect((await budget()).leased).toBe(30);
    lease.spent(OF, hold(0), 500);
    await lease.renewAll();
    expect((await budget()).leased).toBe(50);
    // an idle replica needs no lease
    clock.advance(120_000);
    await lease.renewAll();
    expect((await budget()).leased).toBe(0);
  });

  it('pays for calls from a lease while the store is unavailable, until it is used up or expires', async () => {
    const { lease, clock, cut } = setUp();
    lease.spent(OF, hold(0), 30);
    await lease.renewAll();
    cut.add(0);
    await lease.renewAll();
    expect([lease.take(OF, [hold(20)]), lease.take(OF, [hold(20)]), lease.take(OF, [hold(10)])]).toEqual([true, false, true]);
    // the unused part of a call's estimate is available to the next call
    lease.settled(OF, [hold(20)], 5);
    expect(lease.take(OF, [hold(15)])).toBe(true);
    lease.settled(OF, [hold(15)], 0);
    clock.advance(59_000);
    expect(lease.take(OF, [hold(1)])).toBe(false);
  });

  it('takes from the leases of all budgets of a call or of none', async () => {
    const { lease } = setUp();
    const team = hold(20, { subject: '@team:web' });
    lease.spent(OF, hold(0), 30);
    await lease.renewAll();
    expect(lease.take(OF, [hold(20), team])).toBe(false);
    expect(lease.take(OF, [hold(30)])).toBe(true);
  });

  it('returns the unused part of a lease after the store has refused a call', async () => {
    const { lease, budget } = setUp();
    lease.spent(OF, hold(0), 50);
    await lease.renewAll();
    lease.take(OF, [hold(20)]);
    lease.giveBack(OF, hold(0));
    await new Promise((resolve) => setImmediate(resolve));
    expect((await budget()).leased).toBe(20);
    const onRecorded = lease.settled(OF, [hold(20)], 15);
    onRecorded();
    await lease.close();
    expect((await budget()).leased).toBe(0);
  });

  it('ends a lease with its budget period', async () => {
    const { lease, budget, clock } = setUp();
    const ending = { endsAtMs: clock.now() + 1_000 };
    lease.spent(OF, hold(0, ending), 50);
    await lease.renewAll();
    expect((await budget()).leased).toBe(50);
    clock.advance(1_000);
    await lease.renewAll();
    expect((await budget()).leased).toBe(0);
  });

  it('never exceeds a budget, whichever replicas lose the store and whichever responses are lost', async () => {
    const replica = fc.nat(2);
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('call' as const), replica, amount: fc.integer({ min: 1, max: 60 }) }) },
      {
        weight: 5,
        arbitrary: fc.record({
          do: fc.constant('end' as const),
          which: fc.nat(20),
          part: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('renew' as const), replica }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const), replica }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('back' as const), replica }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40_000 }) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
        const { clock, store, cut, leases, budget } = setUp(3);
        const inFlight: { callId: string; replica: number; amount: number; leased: boolean }[] = [];
        const unsettled: { replica: number; settle: () => Promise<void> }[] = [];
        let spent = 0;
        for (const [n, one] of steps.entries()) {
          switch (one.do) {
            case 'call': {
              const callId = `call-${n}`;
              const by = leases[one.replica] as BudgetLeases;
              const leased = cut.has(one.replica);
              const admitted = leased
                ? by.take(OF, [hold(one.amount)])
                : (await store.reserve({ ...OF, callId, holds: [hold(one.amount)] })).admitted;
              if (admitted) inFlight.push({ callId, replica: one.replica, amount: one.amount, leased });
              break;
            }
            case 'end': {
              const [call] = inFlight.splice(one.which % Math.max(1, inFlight.length), 1);
              if (call === undefined) break;
              const by = leases[call.replica] as BudgetLeases;
              const actual = Math.floor(call.amount * one.part);
              spent += actual;
              const onRecorded = call.leased ? by.settled(OF, [hold(call.amount)], actual) : undefined;
              by.spent(OF, hold(0), actual);
              unsettled.push({
                replica: call.replica,
                settle: async () => {
                  await store.settle({ ...OF, callId: call.callId, holds: [{ hold: hold(call.amount), receipt: 0, actual }] });
                  onRecorded?.();
                },
              });
              break;
            }
            case 'renew':
              await leases[one.replica]?.renewAll();
              break;
            case 'cut':
              cut.add(one.replica);
              break;
            case 'back':
              cut.delete(one.replica);
              break;
            case 'wait': {
              clock.advance(one.ms);
              // calls are renewed before their reservations expire
              const slots = inFlight.map(({ callId, amount }) => ({
                ...OF,
                callId,
                meter: 'budget',
                leaseMs: 30_000,
                budget: { period: '2026-11', amount },
              }));
              await store.renew(slots);
            }
          }
          for (const one of unsettled.splice(0)) {
            if (cut.has(one.replica)) unsettled.push(one);
            else await one.settle();
          }
          // the cost of ended calls plus the estimates of leased calls in flight
          const all = spent + inFlight.filter(({ leased }) => leased).reduce((sum, { amount }) => sum + amount, 0);
          expect(all).toBeLessThanOrEqual(LIMIT);
        }
        cut.clear();
        for (const { settle } of unsettled) await settle();
        for (const call of inFlight) {
          if (call.leased) leases[call.replica]?.settled(OF, [hold(call.amount)], 0)();
          await store.settle({ ...OF, callId: call.callId, holds: [{ hold: hold(call.amount), receipt: 0, actual: 0 }] });
        }
        for (const lease of leases) await lease.close();
        expect(await budget()).toEqual({ spent, reserved: 0, leased: 0 });
      }),
      { numRuns: 300 },
    );
  });
});
