import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { budgetLimit, budgetLimits, windowLimit, windowLimits, writtenBudget, writtenLimits, writtenWindow } from './units.ts';

describe('limits as they are written', () => {
  it.each([
    [{ limit: 60, windowMs: 60_000 }, '60/min'],
    [{ limit: 5, windowMs: 10_000 }, '5/10s'],
    [{ limit: 5, windowMs: 90_000 }, '5/90s'],
    [{ limit: 1_000, windowMs: 86_400_000 }, '1000/day'],
    [{ limit: 1, windowMs: 1_500 }, '1/1500ms'],
  ])('%j is %s', (limit, text) => {
    expect(writtenWindow(limit)).toBe(text);
  });

  it('are read as what they were', () => {
    const window = fc.record({ limit: fc.nat(), windowMs: fc.integer({ min: 1_000, max: 90 * 86_400_000 }) });
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

  it('have the budget beside them', () => {
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
