import { describe, expect, test } from '@jest/globals';
import { inOrderOf, median, ratioOfRounds, zipfIndices } from './statistics.ts';

describe('the statistics of the bench', () => {
  test('returns the value in the middle of an odd number, and the mean of two of an even number', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  test('takes the median of the ratios of the same round, not the ratio of two medians', () => {
    // the second round took twice as long for both
    expect(ratioOfRounds([20, 40, 21], [10, 20, 10])).toBe(2);
    expect(ratioOfRounds([20, 40], [10])).toBe(2);
  });

  test('reverses every even round', () => {
    expect(inOrderOf(['a', 'b', 'c'], 1)).toEqual(['a', 'b', 'c']);
    expect(inOrderOf(['a', 'b', 'c'], 2)).toEqual(['c', 'b', 'a']);
  });

  test('draws the first of 1,000 indices about twice as often as the second and never one out of range', () => {
    const next = zipfIndices(1_000);
    const counts = new Array<number>(1_000).fill(0);
    for (let n = 0; n < 100_000; n++) {
      const index = next();
      counts[index] = (counts[index] ?? Number.NaN) + 1;
    }
    expect(counts).toHaveLength(1_000);
    expect((counts[0] as number) / (counts[1] as number)).toBeGreaterThan(1.8);
    expect((counts[0] as number) / (counts[1] as number)).toBeLessThan(2.2);
    expect(counts.every(Number.isFinite)).toBe(true);
  });
});
