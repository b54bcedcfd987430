import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { LlmError, systemClock } from '@sluice/core';
import { ManualClock } from '@sluice/core/testing';
import type { BudgetCharge, ReservationResult } from '@sluice/store/ports';
import { BudgetQueue } from './budget-queue.ts';

const budget: BudgetCharge = {
  ...{ kind: 'budget', meter: 'budget', limit: 100, amount: 10, period: '2026-11', endsAtMs: undefined, leaseMs: 30_000 },
  subject: '@team:web',
};
const state = { meter: 'budget', limit: 100, remaining: 0, resetMs: 0 };
const admitted: ReservationResult = { admitted: true, reserved: [{ charge: budget, amount: 10, receipt: undefined, state }] };
const exhausted = { admitted: false, reason: 'exhausted', charge: budget, state, meters: [state] } as const;
const inFlight: ReservationResult = { ...exhausted, inFlight: true, retryAfterMs: 1_000 };
const spent: ReservationResult = { ...exhausted, retryAfterMs: 0 };
const never = new AbortController().signal;

/** A budget with room for some calls, and the keys of the admitted calls in order. */
function setUp(waitMs = 60_000, clock = systemClock) {
  const budgetQueue = new BudgetQueue(clock, () => waitMs);
  const order: string[] = [];
  const state = { room: 0, spent: false, attempts: 0 };
  const of = (subject: string) => ({ tenant: 't', subject, charges: [budget] });
  const reserve = (key: string, signal = never) =>
    budgetQueue.reserve(of(key), signal, async () => {
      state.attempts++;
      if (state.spent) return spent;
      if (state.room === 0) return inFlight;
      state.room--;
      order.push(key);
      return admitted;
    });
  const settle = (room: number) => {
    state.room += room;
    budgetQueue.settled(of('any key of the team'));
  };
  return { reserve, settle, order, state };
}

const turns = async (count = 20) => {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
};

describe('BudgetQueue', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('admits a waiting call when a call in flight is settled', async () => {
    const { reserve, settle } = setUp();
    const waiting = reserve('a');
    await turns();
    settle(1);
    expect(await waiting).toEqual(admitted);
  });

  it('tries periodically for the first waiting call only, because calls of other replicas end too', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const { reserve, state } = setUp();
    const waiting = Array.from({ length: 20 }, () => reserve('a'));
    await turns();
    const before = state.attempts;
    await jest.advanceTimersByTimeAsync(350);
    // ten times per second, whatever the number of waiting calls
    expect(state.attempts - before).toBe(3);
    state.room = 20;
    await jest.advanceTimersByTimeAsync(100);
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => admitted));
  });

  it('serves the keys of a budget in turns, and the calls of a key in order', async () => {
    const { reserve, settle, order } = setUp();
    const waiting = ['a', 'a', 'a', 'b', 'c', 'b'].map((key) => reserve(key));
    await turns();
    for (let n = 0; n < 6; n++) {
      settle(1);
      await turns();
    }
    await Promise.all(waiting);
    expect(order).toEqual(['a', 'b', 'c', 'a', 'b', 'a']);
  });

  it('lets no new call overtake waiting calls', async () => {
    const { reserve, settle, order } = setUp();
    const first = reserve('a');
    await turns();
    const second = reserve('b');
    settle(1);
    await first;
    expect(order).toEqual(['a']);
    settle(1);
    await second;
    expect(order).toEqual(['a', 'b']);
  });

  it('returns the refusal when the wait is over, and a permanent refusal at once', async () => {
    const clock = new ManualClock();
    const { reserve, settle, state } = setUp(2_000, clock);
    const late = [reserve('a'), reserve('b')];
    await turns();
    clock.advance(2_000);
    settle(0);
    expect(await Promise.all(late)).toEqual([inFlight, inFlight]);
    const waiting = reserve('a');
    await turns();
    state.spent = true;
    settle(0);
    expect(await waiting).toEqual(spent);
  });

  it('does not wait when waitMs is 0 or the queue is full', async () => {
    expect(await setUp(0).reserve('a')).toEqual(inFlight);
    const { reserve, settle } = setUp();
    const waiting = Array.from({ length: 1_000 }, () => reserve('a'));
    await turns();
    expect(await reserve('b')).toEqual(inFlight);
    settle(1_000);
    await Promise.all(waiting);
  });

  it('removes a waiting call when its client disconnects', async () => {
    const { reserve, settle, order } = setUp();
    const disconnected = new AbortController();
    const gone = reserve('a', disconnected.signal);
    const next = reserve('b');
    await turns();
    disconnected.abort(new LlmError('client_closed', 'gone'));
    await expect(gone).rejects.toMatchObject({ code: 'client_closed' });
    settle(1);
    expect(await next).toEqual(admitted);
    expect(order).toEqual(['b']);
  });

  it('fails only the call with the store error, and serves the next', async () => {
    const queue = new BudgetQueue(systemClock, () => 60_000);
    const of = { tenant: 't', subject: 'a', charges: [budget] };
    const failing = jest
      .fn<() => Promise<ReservationResult>>()
      .mockResolvedValueOnce(inFlight)
      .mockRejectedValueOnce(new Error('x'));
    const first = queue.reserve(of, never, failing);
    await turns();
    const second = queue.reserve(of, never, async () => admitted);
    queue.settled(of);
    await expect(first).rejects.toThrow('x');
    expect(await second).toEqual(admitted);
  });
});
