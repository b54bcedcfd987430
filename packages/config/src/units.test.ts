import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  BOUNDS,
  boundedLimits,
  budgetLimit,
  budgetLimits,
  byteSize,
  durationMs,
  longDurationMs,
  windowLimit,
  windowLimits,
  writtenBudget,
  writtenLimits,
  writtenWindow,
} from './units.ts';

describe('limits', () => {
  it.each([
    [{ limit: 60, windowMs: 60_000 }, '60/min'],
    [{ limit: 5, windowMs: 10_000 }, '5/10s'],
    [{ limit: 5, windowMs: 90_000 }, '5/90s'],
    [{ limit: 1_000, windowMs: 86_400_000 }, '1000/day'],
    [{ limit: 1, windowMs: 1_500 }, '1/1500ms'],
  ])('%j is %s', (limit, text) => {
    expect(writtenWindow(limit)).toBe(text);
  });

  it('writes limits back in the form in which they were read', () => {
    const window = fc.record({
      limit: fc.nat({ max: 1_000_000_000_000 }),
      windowMs: fc.integer({ min: 1_000, max: 90 * 86_400_000 }),
    });
    fc.assert(fc.property(window, (limit) => expect(windowLimit.parse(writtenWindow(limit))).toEqual(limit)));
    const budget = fc.record(
      {
        amount: fc.integer({ min: 1, max: 1e15 }),
        period: fc.constantFrom('day' as const, 'month' as const, 'total' as const),
        soft: fc.constant(true as const),
      },
      { requiredKeys: ['amount', 'period'] },
    );
    fc.assert(fc.property(budget, (limit) => expect(budgetLimit.parse(writtenBudget(limit))).toEqual(limit)));
  });

  it('reads the budget next to the limits', () => {
    expect(
      writtenLimits({ requests: { limit: 5, windowMs: 60_000 }, concurrent: 2, budget: { amount: 50e9, period: 'month' } }),
    ).toEqual({ limits: { requests: '5/min', concurrent: 2 }, budget: '50 USD/month' });
    expect(writtenLimits({})).toEqual({ limits: {} });
    const several = windowLimits.parse(['5/min', '100/day']);
    expect(writtenLimits({ requests: several }).limits).toEqual({ requests: ['5/min', '100/day'] });
    expect(windowLimits.safeParse(['5/min', '6/60s']).success).toBe(false);
    expect(windowLimits.safeParse([]).success).toBe(false);
    const budgets = budgetLimits.parse(['5 USD/day soft', '50 USD/month']);
    expect(writtenLimits({ budget: budgets }).budget).toEqual(['5 USD/day soft', '50 USD/month']);
    expect(budgetLimits.safeParse(['5 USD/day', '6 USD/day soft']).success).toBe(false);
  });
});

describe('bounds of limits', () => {
  it.each([
    [
      windowLimit,
      ['1000000000000/min', '1/s', '5/366d'],
      ['1000000000001/min', '99999999999999999999/min', '5/9999999d', '5/367d', '5/1ms', '5/0s'],
    ],
    [
      budgetLimit,
      ['9000000 USD/month', '0.000000001 USD'],
      ['9000000.1 USD', '99999999999999 USD/month', '0.0000000001 USD', '0 USD'],
    ],
    [durationMs, ['24d', '1ms', '0.5s'], ['25d', '99999999999999999999s', '0s', '5constructor']],
    [longDurationMs, ['3660d'], ['3661d', '1e9d']],
    [byteSize, ['1024GiB', '1B', 1], ['1025GiB', '0B', '99999999999999999999MiB', 2e12]],
  ] as const)('enforces the bounds in schema %#', (schema, good, bad) => {
    for (const text of good) expect([text, schema.safeParse(text).success]).toEqual([text, true]);
    for (const text of bad) expect([text, schema.safeParse(text).success]).toEqual([text, false]);
  });

  it('states the bound in the error', () => {
    expect(windowLimit.safeParse('5/9999999d').error?.issues[0]?.message).toContain(
      `at most ${BOUNDS.windowLimit}, over 1s to 366d`,
    );
    expect(budgetLimit.safeParse('1e99 USD').error?.issues[0]?.message).toContain('9000000 USD');
    expect(durationMs.safeParse('25d').error?.issues[0]?.message).toContain('at most 24d');
  });

  it('clamps stored limits to the bounds and returns them as lists', () => {
    const stored = { requests: { limit: 1e20, windowMs: 1e15 }, tokens: [{ limit: 5, windowMs: 1_000 }], concurrent: 1e9 };
    expect(boundedLimits(stored)).toEqual({
      requests: [{ limit: BOUNDS.windowLimit, windowMs: BOUNDS.windowMs }],
      tokens: [{ limit: 5, windowMs: 1_000 }],
      concurrent: BOUNDS.concurrent,
    });
    expect(boundedLimits({ budget: { amount: 1e24, period: 'day' } })).toEqual({ budget: [{ amount: 9e15, period: 'day' }] });
    expect(boundedLimits({})).toEqual({});
  });
});
