import { describe, expect, it } from '@jest/globals';
import { limitsPatch, patched, patchedLimits } from './limits-patch.ts';

const minute = (limit: number) => ({ limit, windowMs: 60_000 });

describe('a patch', () => {
  it('changes what is named, takes away what is null, and leaves the rest', () => {
    expect(
      patched<{ a?: number; b?: number; c?: number; d?: number }>({ a: 1, b: 2, c: 3 }, { a: 9, b: null, c: undefined, d: 4 }),
    ).toEqual({
      a: 9,
      c: 3,
      d: 4,
    });
  });

  it('of limits and of the budget beside them', () => {
    const budget = { amount: 5, period: 'day' } as const;
    const limits = { requests: minute(1), tokens: minute(2), budget };
    const patch = limitsPatch.parse({ requests: '5/min', tokens: null });
    expect(patchedLimits(limits, patch, undefined)).toEqual({ requests: minute(5), budget });
    expect(patchedLimits(limits, undefined, null)).toEqual({ requests: minute(1), tokens: minute(2) });
    expect(limitsPatch.safeParse({ colour: 'red' }).success).toBe(false);
  });
});
