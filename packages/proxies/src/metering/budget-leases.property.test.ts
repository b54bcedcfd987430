import { describe, expect, it } from '@jest/globals';
import { noopHealth } from '@sluice/core';
import { ManualClock, propertyRuns } from '@sluice/core/testing';
import { MemoryMeters } from '@sluice/store/memory';
import type { BudgetCharge } from '@sluice/store/ports';
import fc from 'fast-check';
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
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface CallInFlight {
  readonly callId: string;
  readonly replica: number;
  readonly amount: number;
  readonly leased: boolean;
}

/** Three replicas with calls in flight, which may lose the store. */
class Model {
  readonly #stage = setUp(3);
  readonly #inFlight: CallInFlight[] = [];
  readonly #unsettled: { readonly replica: number; readonly settle: () => Promise<void> }[] = [];
  #calls = 0;
  #spent = 0;

  async run(one: Step): Promise<void> {
    const { cut, leases } = this.#stage;
    if (one.do === 'call') await this.#call(one.replica, one.amount);
    if (one.do === 'end') this.#end(one.which, one.part);
    if (one.do === 'renew') await leases[one.replica]?.renewAll();
    if (one.do === 'cut') cut.add(one.replica);
    if (one.do === 'back') cut.delete(one.replica);
    if (one.do === 'wait') await this.#wait(one.ms);
    for (const waiting of this.#unsettled.splice(0)) {
      if (cut.has(waiting.replica)) this.#unsettled.push(waiting);
      else await waiting.settle();
    }
  }

  /** The cost of ended calls plus the estimates of leased calls in flight. */
  get spentAtMost(): number {
    const leased = this.#inFlight.filter((call) => call.leased);
    return this.#spent + leased.reduce((sum, { amount }) => sum + amount, 0);
  }

  get spent(): number {
    return this.#spent;
  }

  /** Ends all calls at no cost, with the store available. Returns the budget's counter. */
  async finish() {
    const { cut, store, leases, budget } = this.#stage;
    cut.clear();
    for (const { settle } of this.#unsettled) await settle();
    for (const call of this.#inFlight) {
      if (call.leased) leases[call.replica]?.settled(OF, [budgetOf(call.amount)], 0)();
      await store.settle({ ...OF, callId: call.callId, charges: [{ charge: budgetOf(call.amount), actual: 0 }] });
    }
    for (const lease of leases) await lease.close();
    return await budget();
  }

  async #call(of: number, amount: number): Promise<void> {
    const { cut, store, leases } = this.#stage;
    const callId = `call-${this.#calls++}`;
    const leased = cut.has(of);
    const admitted = leased
      ? leases[of]?.take(OF, [budgetOf(amount)]) === true
      : (await store.reserve({ ...OF, callId, charges: [budgetOf(amount)] })).admitted;
    if (admitted) this.#inFlight.push({ callId, replica: of, amount, leased });
  }

  #end(which: number, part: number): void {
    const [call] = this.#inFlight.splice(which % Math.max(1, this.#inFlight.length), 1);
    if (call === undefined) return;
    const by = this.#stage.leases[call.replica] as BudgetLeases;
    const actual = Math.floor(call.amount * part);
    this.#spent += actual;
    const onRecorded = call.leased ? by.settled(OF, [budgetOf(call.amount)], actual) : undefined;
    by.spent(OF, budgetOf(0), actual);
    const settle = async (): Promise<void> => {
      const charges = [{ charge: budgetOf(call.amount), actual }];
      await this.#stage.store.settle({ ...OF, callId: call.callId, charges });
      onRecorded?.();
    };
    this.#unsettled.push({ replica: call.replica, settle });
  }

  async #wait(ms: number): Promise<void> {
    this.#stage.clock.advance(ms);
    // calls are renewed before their reservations expire
    const held = this.#inFlight.map(({ callId, amount }) => {
      return { ...OF, kind: 'budget' as const, callId, meter: 'budget', leaseMs: 30_000, period: '2026-11', amount };
    });
    await this.#stage.store.renew(held);
  }
}

describe('BudgetLeases', () => {
  it('never exceeds a budget, whichever replicas lose the store and whichever responses are lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
        const model = new Model();
        for (const one of steps) {
          await model.run(one);
          expect(model.spentAtMost).toBeLessThanOrEqual(LIMIT);
        }
        expect(await model.finish()).toEqual({ spent: model.spent, reserved: 0, leased: 0 });
      }),
      { numRuns: propertyRuns(300) },
    );
  });
});
