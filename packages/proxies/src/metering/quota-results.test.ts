import { describe, expect, it } from '@jest/globals';
import { openAiCall } from '@sluice/dialects';
import { degradedParts } from '../degraded.ts';
import type { CallPlan, PlannedCharge } from './plan.ts';
import { meterStates, recordDegraded, recordMeters } from './quota-results.ts';

const slot: PlannedCharge = { kind: 'concurrency', meter: 'concurrent', limit: 2, leaseMs: 30_000, owner: undefined };
const budget: PlannedCharge = {
  ...{ kind: 'budget', meter: 'budget', limit: 1_000, amount: 1, period: '2026-11', endsAtMs: undefined, leaseMs: 30_000 },
  ...{ owner: undefined, softLimit: undefined },
};
const callOf = () => openAiCall({ model: 'm', messages: [] });

describe('recordDegraded', () => {
  it.each([
    [[slot], ['limits']],
    [[budget], ['budget']],
    [
      [slot, budget],
      ['limits', 'budget'],
    ],
  ])('records the parts that worked without the store (%#)', (charges, parts) => {
    const call = callOf();
    const plan: CallPlan = { tenant: 't', subject: 'k', callId: 'c', charges, amounts: undefined };
    recordDegraded(call, plan);
    expect(degradedParts.get(call)).toEqual(parts);
  });
});

describe('recordMeters', () => {
  it('keeps the meter with the least remaining amount of each kind, and no budget', () => {
    const call = callOf();
    const state = (meter: string, remaining: number) => ({ meter, limit: 10, remaining, resetMs: 1 });
    recordMeters(call, [state('requests', 5), state('budget', 0), state('requests', 2), state('tokens', 9)]);
    expect(meterStates.get(call)).toEqual([state('requests', 2), state('tokens', 9)]);
  });
});
