import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { noopHealth } from '@sluice/core';
import type { Meters, Settlement } from '@sluice/store/ports';
import { PendingSettlements } from './pending-settlements.ts';
import { ReservationKeeper } from './reservation-keeper.ts';

const settlement = (callId: string): Settlement => ({ tenant: 't', subject: 'k', callId, charges: [] });
const unconfirmed = (callId: string): Settlement => ({ ...settlement(callId), unconfirmed: true });

describe('ReservationKeeper', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  function setUp() {
    const settled: string[] = [];
    const tried: string[] = [];
    const broken = new Set<string>();
    let unavailable = true;
    const settle = async ({ callId }: Settlement): Promise<void> => {
      tried.push(callId);
      if (unavailable || broken.has(callId)) throw new Error('unavailable');
      settled.push(callId);
    };
    const pending = new PendingSettlements();
    const held = new ReservationKeeper({ settle } as Meters, noopHealth, pending);
    const back = () => {
      unavailable = false;
    };
    return { held, pending, settled, tried, broken, back };
  }

  it('retries failed settlements after a store outage, with at most one attempt per second meanwhile', async () => {
    const { held, settled, tried, back } = setUp();
    for (let n = 0; n < 50; n++) held.settle(settlement(`c${n}`));
    await jest.advanceTimersByTimeAsync(10_500);
    expect(tried).toHaveLength(60);
    back();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(new Set(settled)).toEqual(new Set(Array.from({ length: 50 }, (_, n) => `c${n}`)));
    expect(settled).toHaveLength(50);
  });

  it('settles other calls when one settlement always fails', async () => {
    const { held, settled, broken, back } = setUp();
    broken.add('c0');
    for (let n = 0; n < 5; n++) held.settle(settlement(`c${n}`));
    await jest.advanceTimersByTimeAsync(0);
    back();
    await jest.advanceTimersByTimeAsync(3_000);
    expect([...settled].sort()).toEqual(['c1', 'c2', 'c3', 'c4']);
  });

  it('counts settlements as pending until the store has recorded each of them', async () => {
    const { held, pending, settled, broken, back } = setUp();
    broken.add('c0');
    let done = false;
    for (let n = 0; n < 5; n++) held.settle(settlement(`c${n}`));
    await jest.advanceTimersByTimeAsync(0);
    void pending.done(60_000).then(() => {
      done = true;
    });
    back();
    await jest.advanceTimersByTimeAsync(2_500);
    expect([settled.length, done]).toEqual([4, false]);
    broken.clear();
    await jest.advanceTimersByTimeAsync(1_000);
    expect([settled.length, done]).toEqual([5, true]);
    await pending.done(60_000);
  });

  it('does not count dropped settlements as pending', async () => {
    const { held, pending, settled, back } = setUp();
    for (let n = 0; n < 10_050; n++) held.settle(unconfirmed(`c${n}`));
    await jest.advanceTimersByTimeAsync(0);
    let done = false;
    void pending.done(60_000).then(() => {
      done = true;
    });
    back();
    await jest.advanceTimersByTimeAsync(1_000);
    expect([settled.length, done]).toEqual([10_000, true]);
  });

  it('waits for pending settlements until a time limit', async () => {
    const { held, pending } = setUp();
    held.settle(settlement('c0'));
    await jest.advanceTimersByTimeAsync(0);
    let done = false;
    void pending.done(2_000).then(() => {
      done = true;
    });
    await jest.advanceTimersByTimeAsync(1_999);
    expect(done).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(done).toBe(true);
  });

  it('drops settlements of calls without a confirmed reservation beyond the maximum, and no others', async () => {
    const { held, settled, back } = setUp();
    for (let n = 0; n < 10_050; n++) held.settle(unconfirmed(`c${n}`));
    await jest.advanceTimersByTimeAsync(0);
    held.settle(settlement('confirmed'));
    await jest.advanceTimersByTimeAsync(0);
    back();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(settled).toHaveLength(10_001);
    expect(settled).toContain('confirmed');
  });

  it('tries a failed release again until the store has recorded it', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const released: string[][] = [];
    let failures = 2;
    const release: Meters['release'] = async (slots) => {
      if (failures-- > 0) throw new Error('unavailable');
      released.push(slots.map(({ callId }) => callId));
    };
    const held = new ReservationKeeper({ release } as Meters, noopHealth);
    const slot = { kind: 'concurrency', tenant: 't', subject: 'k', meter: 'concurrent', leaseMs: 30_000 } as const;
    held.release([{ ...slot, callId: 'a' }]);
    held.release([{ ...slot, callId: 'b' }]);
    await new Promise((resolve) => setImmediate(resolve));
    await jest.advanceTimersByTimeAsync(2_000);
    expect(released).toEqual([['a', 'b']]);
  });
});
