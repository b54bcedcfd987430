import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@sluice/core/testing';
import type { PlannedCharge } from './plan.ts';
import { RejectionCache } from './rejection-cache.ts';

const requests = (limit: number): PlannedCharge => ({
  ...{ kind: 'window', meter: 'requests', limit, windowMs: 60_000, amount: 1, owner: undefined },
});
const tokens = (amount: number): PlannedCharge => ({
  ...{ kind: 'window', meter: 'tokens', limit: 100, windowMs: 60_000, amount, owner: undefined },
});
const callOf = (subject: string, ...charges: PlannedCharge[]) => ({ tenant: 't', subject, charges });
const state = { meter: 'requests', limit: 5, remaining: 0, resetMs: 60_000 };
const exhausted = { admitted: false, reason: 'exhausted', state, retryAfterMs: 30_000, meters: [state] } as const;
const refusal = { ...exhausted, charge: requests(5) };

describe('RejectionCache', () => {
  it('returns a cached refusal with the elapsed time deducted', () => {
    const clock = new ManualClock();
    const cache = new RejectionCache(clock);
    cache.remember(callOf('k', requests(5), tokens(1)), refusal);
    clock.advance(400);
    const later = { ...state, resetMs: 59_600 };
    const again = { ...refusal, retryAfterMs: 29_600, state: later, meters: [later] };
    expect(cache.refusal(callOf('k', requests(5), tokens(7)))).toEqual(again);
  });

  it('drops a cached refusal after 1 s, or earlier when a call fits again', () => {
    const clock = new ManualClock();
    const cache = new RejectionCache(clock);
    cache.remember(callOf('slow', requests(5)), refusal);
    cache.remember(callOf('quick', requests(5)), { ...refusal, retryAfterMs: 300 });
    clock.advance(299);
    expect(cache.refusal(callOf('quick', requests(5)))).toBeDefined();
    clock.advance(1);
    expect(cache.refusal(callOf('quick', requests(5)))).toBeUndefined();
    clock.advance(699);
    expect(cache.refusal(callOf('slow', requests(5)))).toBeDefined();
    clock.advance(1);
    expect(cache.refusal(callOf('slow', requests(5)))).toBeUndefined();
  });

  it('returns no cached refusal for another caller, another limit or other meters', () => {
    const cache = new RejectionCache(new ManualClock());
    cache.remember(callOf('k', requests(5)), refusal);
    expect(cache.refusal(callOf('other', requests(5)))).toBeUndefined();
    expect(cache.refusal({ ...callOf('k', requests(5)), tenant: 'other' })).toBeUndefined();
    expect(cache.refusal(callOf('k', requests(6)))).toBeUndefined();
    expect(cache.refusal(callOf('k', requests(5), tokens(1)))).toBeUndefined();
    expect(cache.refusal(callOf('k', { ...requests(5), subject: '@team:a' }))).toBeUndefined();
  });

  it('caches no refusal of a limit that can be refunded', () => {
    const cache = new RejectionCache(new ManualClock());
    cache.remember(callOf('k', tokens(5)), { ...refusal, charge: tokens(5) });
    expect(cache.refusal(callOf('k', tokens(5)))).toBeUndefined();
  });
});
