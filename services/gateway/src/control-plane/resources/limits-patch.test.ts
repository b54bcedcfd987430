import { describe, expect, it } from '@jest/globals';
import { limitsPatch } from '../schemas/limits-schema.ts';
import { patched, patchedLimits } from './limits-patch.ts';

const minute = (limit: number) => ({ limit, windowMs: 60_000 });

describe('limits patch', () => {
  it('changes named fields, removes null fields, and keeps all others', () => {
    expect(
      patched<{ a?: number; b?: number; c?: number; d?: number }>({ a: 1, b: 2, c: 3 }, { a: 9, b: null, c: undefined, d: 4 }),
    ).toEqual({
      a: 9,
      c: 3,
      d: 4,
    });
  });

  it('patches limits and the budget together', () => {
    const budget = { amount: 5, period: 'day' } as const;
    const limits = { requests: minute(1), tokens: minute(2), budget };
    const patch = limitsPatch.parse({ requests: '5/min', tokens: null });
    expect(patchedLimits(limits, patch, undefined)).toEqual({ requests: minute(5), budget });
    expect(patchedLimits(limits, undefined, null)).toEqual({ requests: minute(1), tokens: minute(2) });
    expect(limitsPatch.safeParse({ colour: 'red' }).success).toBe(false);
  });
});
