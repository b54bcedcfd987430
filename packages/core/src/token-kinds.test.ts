import { describe, expect, it } from '@jest/globals';
import { sumUsage } from './sum-usage.ts';
import { TOKEN_KINDS, TOKEN_PARTS, totalOf } from './token-kinds.ts';
import type { Usage } from './usage.ts';

describe('TOKEN_KINDS', () => {
  it.each(['field', 'price', 'metric', 'listed'] as const)('has each %s once', (column) => {
    const values = TOKEN_KINDS.flatMap((kind) => kind[column] ?? []);
    expect(new Set(values).size).toBe(values.length);
  });

  it('has each part after the count that includes it', () => {
    const fields: string[] = TOKEN_KINDS.map(({ field }) => field);
    for (const { field, partOf } of TOKEN_PARTS) {
      expect(fields).toContain(partOf);
      expect(fields.indexOf(partOf)).toBeLessThan(fields.indexOf(field));
    }
  });

  it('sums and exports only counts that are recorded', () => {
    for (const { recorded, summed, metric } of TOKEN_KINDS) {
      if (!recorded) expect([summed, metric]).toEqual([false, null]);
    }
  });

  it('adds up every part of two usages', () => {
    const usage: Usage = {
      inputTokens: 2,
      outputTokens: 3,
      ...Object.fromEntries(TOKEN_PARTS.map(({ field }, n) => [field, n + 1])),
    };
    const doubled = Object.fromEntries(Object.entries(usage).map(([field, count]) => [field, 2 * Number(count)]));
    expect(sumUsage(usage, usage)).toEqual(doubled);
  });
});

describe(totalOf, () => {
  it('returns the total of a part of a part', () => {
    const totals = Object.fromEntries(TOKEN_KINDS.map((kind) => [kind.field, totalOf(kind).field]));
    expect(totals).toMatchObject({
      cacheWriteHourTokens: 'inputTokens',
      audioInputTokens: 'inputTokens',
      reasoningTokens: 'outputTokens',
      outputTokens: 'outputTokens',
    });
  });
});
