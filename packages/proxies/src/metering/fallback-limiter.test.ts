import { describe, expect, it } from '@jest/globals';
import { noopHealth } from '@sluice/core';
import { ManualClock } from '@sluice/core/testing';
import { MemoryMeters } from '@sluice/store/memory';
import { BudgetLeases } from './budget-leases.ts';
import { FallbackLimiter } from './fallback-limiter.ts';
import type { CallPlan, PlannedBudget, PlannedCharge } from './plan.ts';
import { ReplicaShares } from './replica-shares.ts';

const slot: PlannedCharge = { kind: 'concurrency', meter: 'concurrent', limit: 2, leaseMs: 30_000, owner: undefined };
const budget = (amount: number, more: Partial<PlannedBudget> = {}): PlannedBudget => ({
  ...{ kind: 'budget', meter: 'budget', limit: 1_000, amount, period: '2026-11', endsAtMs: undefined, leaseMs: 30_000 },
  ...{ owner: undefined, softLimit: undefined },
  ...more,
});
const planOf = (...charges: PlannedCharge[]): CallPlan => ({
  ...{ tenant: 't', subject: 'k', callId: 'c', charges, amounts: undefined },
});

/** A replica with a lease of 30 of a budget and a share of two concurrent calls. */
async function setUp() {
  const clock = new ManualClock();
  const leases = new BudgetLeases({ meters: new MemoryMeters(clock), clock, holder: 'replica', health: noopHealth });
  leases.spent({ tenant: 't', subject: 'k' }, budget(0), 30);
  await leases.renewAll();
  return new FallbackLimiter({ leases, shares: new ReplicaShares({ clock, maxReplicas: () => 1 }) });
}

describe('FallbackLimiter', () => {
  it('admits a call within the share of its limits and the lease of its budget, and reserves its amounts', async () => {
    const fallback = await setUp();
    expect(fallback.admit(planOf(slot, budget(20)))).toMatchObject({
      ...{ admitted: true, confirmed: false },
      reserved: [
        { charge: { kind: 'concurrency' }, amount: 1 },
        { charge: { kind: 'budget' }, amount: 20 },
      ],
    });
    expect(fallback.admit(planOf(slot, budget(20)))).toEqual({ admitted: false, reason: 'unchecked' });
  });

  it('releases the slot of a call that the lease of its budget does not pay for', async () => {
    const fallback = await setUp();
    for (let n = 0; n < 3; n++) expect(fallback.admit(planOf(slot, budget(50))).admitted).toBe(false);
    expect([1, 2, 3].map(() => fallback.admit(planOf(slot)).admitted)).toEqual([true, true, false]);
  });

  it('admits a call with soft budgets only, and refuses other calls, without shares and leases', () => {
    const fallback = new FallbackLimiter();
    expect(fallback.admit(planOf(budget(5_000, { softLimit: 10 }))).admitted).toBe(true);
    expect(fallback.admit(planOf(budget(1))).admitted).toBe(false);
    expect(fallback.admit(planOf(slot)).admitted).toBe(false);
  });

  it('makes the unused part of an estimate available to the next call', async () => {
    const fallback = await setUp();
    const plan = planOf(budget(30));
    const admission = fallback.admit(plan);
    if (!admission.admitted) throw new Error('refused');
    expect(fallback.admit(planOf(budget(20))).admitted).toBe(false);
    fallback.settle(plan, admission, 10)?.();
    expect(fallback.admit(planOf(budget(20))).admitted).toBe(true);
  });
});
