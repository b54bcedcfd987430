import { describe, expect, it } from '@jest/globals';
import { type Usage, usd } from '@sluice/core';
import fc from 'fast-check';
import { costOf, type Price } from './price.ts';

const million = 1_000_000;

describe('costOf', () => {
  it('adds input and output', () => {
    expect(costOf({ input: 0.15, output: 0.6 }, { inputTokens: million, outputTokens: million })).toBe(usd(0.75));
  });

  it('does not round one cheap token to nothing', () => {
    expect(costOf({ input: 0.02, output: 0 }, { inputTokens: 1, outputTokens: 0 })).toBe(20);
  });

  it('knows no cost without a price or without usage', () => {
    expect(costOf(undefined, { inputTokens: 1, outputTokens: 1 })).toBeUndefined();
    expect(costOf({ input: 1, output: 1 }, undefined)).toBeUndefined();
  });

  it('has a price for each kind of token, and one a call', () => {
    const price: Price = {
      input: 10,
      cachedInput: 1,
      cacheWrite: 12.5,
      audioInput: 40,
      output: 20,
      reasoning: 30,
      audioOutput: 80,
      request: 0.005,
    };
    const usage: Usage = {
      inputTokens: 1_000,
      cachedInputTokens: 400,
      cacheWriteTokens: 100,
      audioInputTokens: 200,
      outputTokens: 500,
      reasoningTokens: 100,
      audioOutputTokens: 50,
    };
    const inputs = 300 * 10 + 400 * 1 + 100 * 12.5 + 200 * 40;
    const outputs = 350 * 20 + 100 * 30 + 50 * 80;
    expect(costOf(price, usage)).toBe(usd((inputs + outputs) / million + 0.005));
  });

  it('counts a kind without a price of its own as what it is a part of', () => {
    const usage = { inputTokens: 100, cachedInputTokens: 60, outputTokens: 50, reasoningTokens: 50 };
    expect(costOf({ input: 1, output: 2 }, usage)).toBe(usd((100 + 100) / million));
  });

  it('takes the step of the whole prompt', () => {
    const price: Price = {
      input: { base: 1.25, steps: [{ from: 200_000, price: 2.5 }] },
      output: { base: 10, steps: [{ from: 200_000, price: 15 }] },
    };
    expect(costOf(price, { inputTokens: 199_999, outputTokens: 1_000 })).toBe(usd((199_999 * 1.25 + 10_000) / million));
    expect(costOf(price, { inputTokens: 200_000, outputTokens: 1_000 })).toBe(usd((200_000 * 2.5 + 15_000) / million));
  });

  it('is never less than the parts, whatever a provider reports, and off by half a nano-dollar at the most', () => {
    const tokens = fc.nat(10_000_000);
    fc.assert(
      fc.property(
        tokens,
        tokens,
        tokens,
        fc.constantFrom(0.02, 0.15, 3, 75),
        (inputTokens, cachedInputTokens, outputTokens, rate) => {
          const cost = costOf(
            { input: rate, output: rate, cachedInput: rate },
            { inputTokens, cachedInputTokens, outputTokens },
          ) as number;
          const exact = (Math.max(inputTokens, cachedInputTokens) + outputTokens) * rate * 1_000;
          expect(Number.isSafeInteger(cost)).toBe(true);
          expect(Math.abs(cost - exact)).toBeLessThanOrEqual(0.5 + exact * Number.EPSILON * 8);
        },
      ),
    );
  });
});
