import { describe, expect, it } from '@jest/globals';
import { usd } from '@sluice/core';
import { costOf, relativePrice } from './price.ts';

describe('costOf', () => {
  it('adds input and output', () => {
    expect(costOf({ input: 0.15, output: 0.6 }, { inputTokens: 1_000_000, outputTokens: 1_000_000 })).toBe(usd(0.75));
  });

  it('does not round one cheap token to nothing', () => {
    expect(costOf({ input: 0.02, output: 0 }, { inputTokens: 1, outputTokens: 0 })).toBe(20);
  });

  it('knows no cost without a price or without usage', () => {
    expect(costOf(undefined, { inputTokens: 1, outputTokens: 1 })).toBeUndefined();
    expect(costOf({ input: 1, output: 1 }, undefined)).toBeUndefined();
  });
});

describe('relativePrice', () => {
  it('puts a target without a price last', () => {
    expect(relativePrice(undefined)).toBeGreaterThan(relativePrice({ input: 1_000, output: 1_000 }));
  });
});
