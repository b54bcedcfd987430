import { describe, expect, it } from '@jest/globals';
import { combinationOf, USAGE_AMOUNTS, type UsageAmounts, type UsageSum } from '../ports/index.ts';
import { PACKED_AMOUNTS, packedAmounts, packedField, readUsage } from './packed-usage.ts';

const DAY = '2026-11-24';
const none = Object.fromEntries(USAGE_AMOUNTS.map((amount) => [amount, 0])) as Record<keyof UsageAmounts, number>;

const sumOf = (more: Partial<UsageSum>): UsageSum => ({
  ...none,
  ...{ day: DAY, hour: '', tag: '', tenant: 'acme', team: '', key: 'k', provider: 'p', model: 'm' },
  ...more,
});

describe('the amounts of a field', () => {
  it('keeps the position of each amount in every version', () => {
    expect(PACKED_AMOUNTS.slice(0, 12)).toEqual([
      ...['calls', 'latencyMs', 'inputTokens', 'outputTokens', 'cost', 'errors'],
      ...['cachedInputTokens', 'hits', 'saved', 'reasoningTokens', 'cacheWriteTokens', 'unpriced'],
    ]);
    expect(PACKED_AMOUNTS.toSorted()).toEqual(USAGE_AMOUNTS.toSorted());
  });

  it('returns amounts as they were packed', () => {
    const sum = sumOf({
      tenant: 'b c',
      ...{ tag: 'd=" "', reason: 'e', hour: '07' },
      ...Object.fromEntries(USAGE_AMOUNTS.map((amount, n) => [amount, n + 1])),
    });
    expect(readUsage(DAY, [{ [packedField(sum)]: packedAmounts(sum).join() }])).toEqual([sum]);
  });

  it('adds up fields of this version and of earlier ones, in one hash and in several', () => {
    const sum = sumOf({});
    const combination = combinationOf(sum);
    const hashes = [
      { [`calls ${combination}`]: '3', [`cost ${combination}`]: '700', [packedField(sum)]: '2,10' },
      { [`calls ${combination}`]: '1' },
      { [packedField(sum)]: '4,0,0,0,50' },
    ];
    expect(readUsage(DAY, hashes)).toEqual([sumOf({ calls: 10, latencyMs: 10, cost: 750 })]);
  });

  it('saturates a sum over several fields', () => {
    const sum = sumOf({});
    const most = String(Number.MAX_SAFE_INTEGER);
    expect(readUsage(DAY, [{ [packedField(sum)]: most }, { [packedField(sum)]: most }])[0]?.calls).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('ignores amounts of later versions', () => {
    const sum = sumOf({});
    const further = [...packedAmounts(sumOf({ calls: 2 })), 5, 6].join();
    const hash = { [packedField(sum)]: further, [`videoTokens ${combinationOf(sum)}`]: '9' };
    expect(readUsage(DAY, [hash])).toEqual([sumOf({ calls: 2 })]);
  });

  it('uses a field that an earlier version reads as an unknown amount of the combination', () => {
    const sum = sumOf({ tenant: 'b c', model: 'd e' });
    const field = packedField(sum);
    expect(USAGE_AMOUNTS as readonly string[]).not.toContain(field.slice(0, field.indexOf(' ')));
    expect(field.slice(field.indexOf(' ') + 1)).toBe(combinationOf(sum));
  });
});
