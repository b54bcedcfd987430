import { describe, expect, it, jest } from '@jest/globals';
import { noopHealth } from '@sluice/core';
import { ManualClock, waitFor } from '@sluice/core/testing';
import { MemoryMeters } from '@sluice/store/memory';
import type { Charge, MeteredCall, Meters, ReservationRequest, ReservationResult } from '@sluice/store/ports';
import { PendingSettlements } from '../pending-settlements.ts';
import type { LeaseSizes } from './lease-size.ts';
import { QuotaLeases } from './quota-leases.ts';

const LEASE_MS = 30_000;
const OF = { tenant: 't', subject: 'key' };
const requests = (limit = 1_000_000) => ({ kind: 'window', meter: 'requests', limit, windowMs: 60_000, amount: 1 }) as const;
const tokens = (amount: number, limit = 1_000_000) =>
  ({ kind: 'window', meter: 'tokens', limit, windowMs: 60_000, amount }) as const;
const slots = (limit = 100_000) => ({ kind: 'concurrency', meter: 'concurrent', limit, leaseMs: LEASE_MS }) as const;
const budget = (amount: number, more: { limit?: number; maxAmount?: number; subject?: string } = {}) =>
  ({
    ...({ kind: 'budget', meter: 'budget', limit: 1_000_000_000, amount, period: 'p', endsAtMs: undefined } as const),
    leaseMs: LEASE_MS,
    ...more,
  }) as const;
const LIVE: readonly Charge[] = [requests(), tokens(100, 1e9), slots(), budget(1_000)];

/** A store that counts its requests, and fails on demand. */
class CountedMeters extends MemoryMeters {
  readonly calls: string[] = [];
  readonly leases: ReservationRequest[] = [];
  readonly settlements: string[] = [];
  isDown = false;
  /** Whether the responses to leases are lost. */
  losesLeases = false;

  override reserve<C extends Charge>(request: ReservationRequest<C>): Promise<ReservationResult<C>> {
    if (request.isQuotaLease) this.leases.push(request);
    else this.calls.push(request.callId);
    if (this.isDown) return Promise.reject(new Error('unavailable'));
    const result = super.reserve(request);
    return this.losesLeases && request.isQuotaLease ? result.then(() => Promise.reject(new Error('timeout'))) : result;
  }

  override settleQuotaLeases(settlement: Parameters<Meters['settleQuotaLeases']>[0]): Promise<void> {
    this.settlements.push(settlement.callId);
    return this.isDown ? Promise.reject(new Error('unavailable')) : super.settleQuotaLeases(settlement);
  }
}

function setUp(options: { above?: number; sizes?: Partial<LeaseSizes>; store?: CountedMeters; clock?: ManualClock } = {}) {
  const { above = 0, sizes, clock = new ManualClock(), store = new CountedMeters(clock) } = options;
  const pending = new PendingSettlements();
  const leases = new QuotaLeases({
    ...{ meters: store, clock, above: () => above, replicas: () => 1, health: noopHealth, pending, turnMs: 1_000_000_000 },
    ...(sizes === undefined ? {} : { sizes }),
  });
  let calls = 0;
  const reserve = (charges = LIVE, callId = `call-${++calls}`) => leases.reserve({ ...OF, callId, charges });
  /** Makes some calls per ms. */
  const busy = async (ms: number, perMs = 5, charges = LIVE) => {
    const made: { readonly of: MeteredCall; readonly result: ReservationResult }[] = [];
    for (let n = 0; n < ms; n++) {
      for (let k = 0; k < perMs; k++) {
        const callId = `busy-${++calls}`;
        made.push({ of: { ...OF, callId }, result: await reserve(charges, callId) });
      }
      clock.advance(1);
      if (n % 40 === 39) leases.turn();
    }
    return made;
  };
  const end = async ({ of, result }: Awaited<ReturnType<typeof busy>>[number], actual = 10) => {
    if (!result.admitted) throw new Error(`${of.callId} was refused`);
    const charges = result.reserved.map((one) => ({ ...one, actual: one.charge.meter === 'requests' ? 1 : actual }));
    await leases.settle({ ...of, charges });
  };
  const state = async (subject = 'key') => {
    const { spent, reserved } = await store.budget({ tenant: 't', subject, meter: 'budget', period: 'p' });
    return { spent, reserved };
  };
  const remaining = async (charge: Charge) => {
    const result = await store.reserve({ ...OF, callId: `look-${++calls}`, charges: [charge] });
    return result.admitted ? result.reserved[0]?.state.remaining : 'refused';
  };
  return { clock, store, leases, pending, reserve, busy, end, state, remaining };
}

describe('quota leases', () => {
  it('admits most calls of a busy caller without the store', async () => {
    const { store, busy } = setUp();
    const made = await busy(400);
    expect(made.every(({ result }) => result.admitted)).toBe(true);
    expect(store.calls.length + store.leases.length).toBeLessThan(made.length / 20);
  });

  it('leases nothing for a caller below the rate, and begins above it', async () => {
    const { store, busy } = setUp({ above: 2_000 });
    await busy(200, 1);
    expect(store.leases).toEqual([]);
    await busy(100, 4);
    expect(store.leases.length).toBeGreaterThan(0);
  });

  it('leases a small share of a limit, and nothing close to it', async () => {
    const { store, busy } = setUp();
    const made = await busy(100, 5, [requests(1_000)]);
    // 2 % of the limit for two leases
    const sizes = store.leases.map(({ charges }) => charges[0]?.amount ?? 0);
    expect(Math.max(...sizes)).toBe(10);
    await busy(200, 5, [requests(1_000)]);
    expect(made.filter(({ result }) => result.admitted).length).toBe(500);
    const before = store.leases.length;
    await busy(20, 5, [requests(1_000)]);
    expect(store.leases.length).toBe(before);
  });

  it('refuses no call that the store would admit', async () => {
    const { busy } = setUp({ sizes: { shareOfLimit: 1, shareOfRoom: 1 } });
    const made = await busy(300, 5, [requests(1_000)]);
    expect(made.filter(({ result }) => result.admitted).length).toBe(1_000);
    expect(made.at(-1)?.result).toMatchObject({ admitted: false, reason: 'exhausted', state: { remaining: 0 } });
  });

  it('gives back what another caller of the tenant needs of a shared limit', async () => {
    const { leases, busy } = setUp({ sizes: { shareOfLimit: 1, shareOfRoom: 1 } });
    const team = { ...slots(100), subject: '@team:web' };
    await busy(10, 5, [requests(), team]);
    const results: boolean[] = [];
    for (let n = 0; n < 51; n++) {
      const { admitted } = await leases.reserve({ tenant: 't', subject: 'other', callId: `other-${n}`, charges: [team] });
      results.push(admitted);
    }
    expect(results.filter((admitted) => admitted).length).toBe(50);
    expect(results.at(-1)).toBe(false);
  });

  it('ends a lease with the sub-window that has counted it, and returns what is unused', async () => {
    const clock = new ManualClock(1_700_000_000_000);
    const { store, leases, busy, reserve, remaining } = setUp({ clock });
    clock.advance(970);
    const made = await busy(20);
    const asked = store.calls.length;
    clock.advance(11);
    // the next second has begun
    await reserve();
    expect(store.calls.length).toBe(asked + 1);
    await leases.giveBack();
    expect(await remaining(requests())).toBe(1_000_000 - made.length - 2);
  });

  it('ends a lease after 100 ms, and returns what is unused', async () => {
    const { clock, leases, busy, state } = setUp();
    const made = await busy(20);
    expect((await state()).reserved).toBeGreaterThan(made.length * 1_000);
    clock.advance(101);
    leases.turn();
    await waitFor(async () => (await state()).reserved === made.length * 1_000, 'the unused amounts to return');
  });

  it('settles many calls in one request, exactly', async () => {
    const { store, leases, busy, end, state, remaining } = setUp();
    const made = await busy(39);
    const settled = made.map((call, n) => end(call, n));
    const before = store.settlements.length;
    await Promise.all([leases.giveBack(), ...settled]);
    expect(store.settlements.length - before).toBe(1);
    const sum = (made.length * (made.length - 1)) / 2;
    expect(await state()).toEqual({ spent: sum, reserved: 0 });
    expect(await remaining(tokens(1, 1e9))).toBe(1e9 - sum - 1);
    expect(await remaining(slots())).toBe(100_000 - 1);
  });

  it('returns the remaining amount of a limit as of the last lease', async () => {
    const { busy } = setUp();
    const made = await busy(30);
    const remaining = made.map(({ result }) => (result.admitted ? result.reserved[0]?.state.remaining : 'refused'));
    expect(remaining.slice(0, 60)).toEqual(Array.from({ length: 60 }, (_, n) => 1_000_000 - n - 1));
  });

  it('returns one result for one call id, and counts a repeated settlement once', async () => {
    const { leases, reserve, busy, end, state } = setUp();
    await busy(10);
    const first = await reserve(LIVE, 'same');
    expect(await reserve(LIVE, 'same')).toBe(first);
    const call = { of: { ...OF, callId: 'same' }, result: first };
    const ended = [end(call, 70), end(call, 70)];
    await leases.giveBack();
    await Promise.all([...ended, end(call, 70)]);
    expect((await state()).spent).toBe(70);
  });

  it('returns the slot and the money of a released call, and keeps its request', async () => {
    const { leases, busy, remaining, state } = setUp();
    const made = await busy(10, 5, [requests(), slots()]);
    const released = leases.release(
      made.map(({ of }) => ({ ...of, kind: 'concurrency', meter: 'concurrent', leaseMs: LEASE_MS })),
    );
    await Promise.all([released, leases.giveBack()]);
    expect(await remaining(slots())).toBe(100_000 - 1);
    expect(await remaining(requests())).toBe(1_000_000 - made.length - 1);
    expect(await state()).toEqual({ spent: 0, reserved: 0 });
  });

  it('keeps the slots and the money of a long call while it is renewed', async () => {
    const { clock, leases, busy, end, remaining, state } = setUp();
    const made = await busy(10);
    const last = made.at(-1) as (typeof made)[number];
    for (const call of made.slice(0, -1)) void end(call);
    await leases.giveBack();
    for (let n = 0; n < 4; n++) {
      clock.advance(20_000);
      const held = { ...last.of, leaseMs: LEASE_MS };
      await leases.renew([
        { ...held, kind: 'concurrency', meter: 'concurrent' },
        { ...held, kind: 'budget', meter: 'budget', period: 'p', amount: 1_000 },
      ]);
    }
    expect((await state()).reserved).toBe(1_000);
    expect(await remaining(slots())).toBe(100_000 - 2);
  });

  it('grants a call more than its minimum if the lease has more for each of its calls', async () => {
    const { busy } = setUp();
    const made = await busy(30, 5, [requests(), budget(1_000, { maxAmount: 3_000 })]);
    const granted = made.map(({ result }) => (result.admitted ? result.reserved[1]?.amount : 0) as number);
    for (const amount of granted) expect(amount).toBeGreaterThanOrEqual(1_000);
    for (const amount of granted) expect(amount).toBeLessThanOrEqual(3_000);
    expect(granted.at(-1)).toBeGreaterThan(1_000);
  });

  it('charges the budgets of the caller and of its team, also a soft one', async () => {
    const { leases, busy, end, state } = setUp();
    const soft = budget(1_000, { limit: Number.MAX_SAFE_INTEGER, subject: '@team:web' });
    const made = await busy(30, 5, [requests(), budget(1_000), soft]);
    const last = made.at(-1)?.result;
    expect(last?.admitted && Number.MAX_SAFE_INTEGER - (last.reserved[2]?.state.remaining ?? 0)).toBe(made.length * 1_000);
    const ended = made.map((call) => end(call, 7));
    await Promise.all([leases.giveBack(), ...ended]);
    for (const subject of ['key', '@team:web']) expect(await state(subject)).toEqual({ spent: made.length * 7, reserved: 0 });
  });

  it('counts a long call once that another replica has settled', async () => {
    const { clock, store, leases, busy, end, state } = setUp();
    const made = await busy(10);
    clock.advance(2_000);
    const [before, after] = made.slice(-2) as [(typeof made)[number], (typeof made)[number]];
    const orphan = (of: MeteredCall) => store.settle({ ...of, charges: [{ charge: budget(1_000), actual: 50 }] });
    await orphan(before.of);
    const ended = [end(before, 50), end(after, 50)];
    await Promise.all([leases.giveBack(), ...ended]);
    await orphan(after.of);
    expect((await state()).spent).toBe(100);
  });

  it('returns everything if the response to the reservation of a lease is lost', async () => {
    const { store, busy, state, remaining } = setUp();
    store.losesLeases = true;
    const made = await busy(100);
    expect(store.leases.length).toBe(1);
    expect(store.calls.length).toBe(made.length);
    expect(await state()).toEqual({ spent: 0, reserved: made.length * 1_000 });
    expect(await remaining(slots())).toBe(100_000 - made.length - 1);
    expect(await remaining(tokens(1, 1e9))).toBe(1e9 - made.length * 100 - 1);
  });

  it('leases nothing for a second after a failure of the store', async () => {
    const { clock, store, leases, busy, reserve, state } = setUp();
    await busy(5, 1);
    store.isDown = true;
    await expect(reserve([requests(), budget(1_000)])).rejects.toThrow('unavailable');
    store.isDown = false;
    const before = store.leases.length;
    clock.advance(500);
    await busy(300);
    expect(store.leases.length).toBe(before);
    clock.advance(500);
    await busy(100);
    expect(store.leases.length).toBeGreaterThan(before);
    await leases.giveBack();
    expect((await state()).spent).toBe(0);
  });

  it('repeats a failed settlement under its id until the store has recorded it', async () => {
    jest.useFakeTimers();
    try {
      const { store, leases, pending, busy, end, state } = setUp();
      const made = await busy(39);
      store.isDown = true;
      const ended = made.map((call) => end(call, 5));
      await leases.giveBack();
      let done = false;
      void pending.done(60_000).then(() => {
        done = true;
      });
      await jest.advanceTimersByTimeAsync(2_500);
      expect(done).toBe(false);
      store.isDown = false;
      await jest.advanceTimersByTimeAsync(1_000);
      await Promise.all(ended);
      expect(done).toBe(true);
      expect(new Set(store.settlements.slice(-3)).size).toBe(1);
      expect(await state()).toEqual({ spent: made.length * 5, reserved: 0 });
    } finally {
      jest.useRealTimers();
    }
  });

  it('settles calls at the end of the turn if their caller has no lease', async () => {
    const { clock, leases, busy, end, state } = setUp();
    const made = await busy(10);
    clock.advance(200);
    leases.turn();
    await Promise.all(made.map((call) => end(call, 5)));
    expect(await state()).toEqual({ spent: made.length * 5, reserved: 0 });
  });
});
