import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@sluice/core/testing';
import type { Charge } from '@sluice/store/ports';
import { RejectionCache } from './rejection-cache.ts';

const requests = (limit: number): Charge => ({ kind: 'window', meter: 'requests', limit, windowMs: 60_000, amount: 1 });
const tokens = (amount: number): Charge => ({ kind: 'window', meter: 'tokens', limit: 100, windowMs: 60_000, amount });
const state = { meter: 'requests', limit: 5, remaining: 0, resetMs: 60_000 };
const refusal = { admitted: false, meter: 'requests', full: 0, retryAfterMs: 30_000, meters: [state] } as const;

describe('RejectionCache', () => {
  it('returns a cached refusal with the elapsed time deducted', () => {
    const clock = new ManualClock();
    const windows = new RejectionCache(clock);
    windows.remember('t', 'k', [requests(5), tokens(1)], refusal);
    clock.advance(400);
    const again = { ...refusal, retryAfterMs: 29_600, meters: [{ ...state, resetMs: 59_600 }] };
    expect(windows.refusal('t', 'k', [requests(5), tokens(7)])).toEqual(again);
  });

  it('drops a cached refusal after 1 s, or earlier when a call fits again', () => {
    const clock = new ManualClock();
    const windows = new RejectionCache(clock);
    windows.remember('t', 'slow', [requests(5)], refusal);
    windows.remember('t', 'quick', [requests(5)], { ...refusal, retryAfterMs: 300 });
    clock.advance(299);
    expect(windows.refusal('t', 'quick', [requests(5)])).toBeDefined();
    clock.advance(1);
    expect(windows.refusal('t', 'quick', [requests(5)])).toBeUndefined();
    clock.advance(699);
    expect(windows.refusal('t', 'slow', [requests(5)])).toBeDefined();
    clock.advance(1);
    expect(windows.refusal('t', 'slow', [requests(5)])).toBeUndefined();
  });

  it('returns no cached refusal for another caller, another limit or other meters', () => {
    const windows = new RejectionCache(new ManualClock());
    windows.remember('t', 'k', [requests(5)], refusal);
    expect(windows.refusal('t', 'other', [requests(5)])).toBeUndefined();
    expect(windows.refusal('other', 'k', [requests(5)])).toBeUndefined();
    expect(windows.refusal('t', 'k', [requests(6)])).toBeUndefined();
    expect(windows.refusal('t', 'k', [requests(5), tokens(1)])).toBeUndefined();
    expect(windows.refusal('t', 'k', [{ ...requests(5), subject: '@team:a' }])).toBeUndefined();
  });

  it('caches no refusal of a limit that can be refunded', () => {
    const windows = new RejectionCache(new ManualClock());
    windows.remember('t', 'k', [tokens(5)], { ...refusal, meter: 'tokens' });
    expect(windows.refusal('t', 'k', [tokens(5)])).toBeUndefined();
  });
});
