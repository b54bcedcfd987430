import { describe, expect, it } from '@jest/globals';
import { noopHealth } from '@sluice/core';
import { ManualClock } from '@sluice/core/testing';
import { MemoryMeters } from '@sluice/store/memory';
import type { BudgetCharge } from '@sluice/store/ports';
import { BudgetLeases } from './budget-leases.ts';

const OF = { tenant: 't', subject: 'key' };
const LIMIT = 1_000;
const budgetOf = (amount: number, more: Partial<BudgetCharge> = {}): BudgetCharge => ({
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
        health: noopHealth,
        renewMs: 1_000_000_000,
      }),
  );
  const budget = () => store.budget({ ...OF, meter: 'budget', period: '2026-11' });
  return { clock, store, cut, leases, lease: leases[0] as BudgetLeases, budget };
}

describe('BudgetLeases', () => {
  it('leases the cost of the last minute, but at most 5 % of the remaining budget', async () => {
    const { lease, budget, clock } = setUp();
    expect(lease.take(OF, [budgetOf(1)])).toBe(false);
    lease.spent(OF, budgetOf(0), 30);
    await lease.renewAll();
    expect((await budget()).leased).toBe(30);
    lease.spent(OF, budgetOf(0), 500);
    await lease.renewAll();
    expect((await budget()).leased).toBe(50);
    // an idle replica needs no lease
    clock.advance(120_000);
    await lease.renewAll();
    expect((await budget()).leased).toBe(0);
  });

  it('pays for calls from a lease while the store is unavailable, until it is used up or expires', async () => {
    const { lease, clock, cut } = setUp();
    lease.spent(OF, budgetOf(0), 30);
    await lease.renewAll();
    cut.add(0);
    await lease.renewAll();
    expect([lease.take(OF, [budgetOf(20)]), lease.take(OF, [budgetOf(20)]), lease.take(OF, [budgetOf(10)])]).toEqual([
      true,
      false,
      true,
    ]);
    // the unused part of a call's estimate is available to the next call
    lease.settled(OF, [budgetOf(20)], 5);
    expect(lease.take(OF, [budgetOf(15)])).toBe(true);
    lease.settled(OF, [budgetOf(15)], 0);
    clock.advance(59_000);
    expect(lease.take(OF, [budgetOf(1)])).toBe(false);
  });

  it('takes from the leases of all budgets of a call or of none', async () => {
    const { lease } = setUp();
    const team = budgetOf(20, { subject: '@team:web' });
    lease.spent(OF, budgetOf(0), 30);
    await lease.renewAll();
    expect(lease.take(OF, [budgetOf(20), team])).toBe(false);
    expect(lease.take(OF, [budgetOf(30)])).toBe(true);
  });

  it('returns the unused part of a lease after the store has refused a call', async () => {
    const { lease, budget } = setUp();
    lease.spent(OF, budgetOf(0), 50);
    await lease.renewAll();
    lease.take(OF, [budgetOf(20)]);
    lease.giveBack(OF, budgetOf(0));
    await new Promise((resolve) => setImmediate(resolve));
    expect((await budget()).leased).toBe(20);
    const onRecorded = lease.settled(OF, [budgetOf(20)], 15);
    onRecorded();
    await lease.close();
    expect((await budget()).leased).toBe(0);
  });

  it('ends a lease with its budget period', async () => {
    const { lease, budget, clock } = setUp();
    const ending = { endsAtMs: clock.now() + 1_000 };
    lease.spent(OF, budgetOf(0, ending), 50);
    await lease.renewAll();
    expect((await budget()).leased).toBe(50);
    clock.advance(1_000);
    await lease.renewAll();
    expect((await budget()).leased).toBe(0);
  });
});
