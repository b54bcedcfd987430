import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isoTime } from './iso-time.ts';

describe('isoTime', () => {
  it('returns the same text as Date, for times in any order', () => {
    const year9999 = 253_402_300_799_999;
    const times = fc.array(
      fc.oneof(fc.integer({ min: 0, max: year9999 }), fc.double({ min: 0, max: 4_102_444_800_000, noNaN: true })),
    );
    fc.assert(
      fc.property(times, (list) => {
        for (const ms of list) expect(isoTime(ms)).toBe(new Date(ms).toISOString());
      }),
    );
  });
});
