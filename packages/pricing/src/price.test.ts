import { describe, expect, it } from '@jest/globals';
import { type Usage, usd } from '@sluice/core';
import fc from 'fast-check';
import { costOf, type Price, unpricedParts } from './price.ts';

const million = 1_000_000;

describe('costOf', () => {
  it('adds the costs of input and output', () => {
    expect(costOf({ input: 0.15, output: 0.6 }, { inputTokens: million, outputTokens: million })).toBe(usd(0.75));
  });

  it('does not round a cheap token to zero', () => {
    expect(costOf({ input: 0.02, output: 0 }, { inputTokens: 1, outputTokens: 0 })).toBe(20);
  });

  it('returns undefined without a price or without usage', () => {
    expect(costOf(undefined, { inputTokens: 1, outputTokens: 1 })).toBeUndefined();
    expect(costOf({ input: 1, output: 1 }, undefined)).toBeUndefined();
  });

  it('charges each kind of token and each request at its own price', () => {
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

  it('charges a kind without its own price at the price of the containing kind', () => {
    const usage = { inputTokens: 100, cachedInputTokens: 60, outputTokens: 50, reasoningTokens: 50 };
    expect(costOf({ input: 1, output: 2 }, usage)).toBe(usd((100 + 100) / million));
  });

  it('applies the step of the prompt length to the whole call', () => {
    const price: Price = {
      input: { base: 1.25, steps: [{ from: 200_000, price: 2.5 }] },
      output: { base: 10, steps: [{ from: 200_000, price: 15 }] },
    };
    expect(costOf(price, { inputTokens: 199_999, outputTokens: 1_000 })).toBe(usd((199_999 * 1.25 + 10_000) / million));
    expect(costOf(price, { inputTokens: 200_000, outputTokens: 1_000 })).toBe(usd((200_000 * 2.5 + 15_000) / million));
  });

  it('costs at least the sum of the parts for any report, with an error of at most half a nano-dollar', () => {
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

describe('costOf calls with a request price or web searches', () => {
  const price: Price = { input: 10, output: 20, cacheWrite: 12.5 };

  it('charges one-hour cache writes at twice the input price by default', () => {
    const usage = { inputTokens: 1_000, outputTokens: 0, cacheWriteTokens: 600, cacheWriteHourTokens: 400 };
    expect(costOf(price, usage)).toBe(usd((400 * 10 + 200 * 12.5 + 400 * 20) / million));
    expect(costOf({ ...price, cacheWriteHour: 30 }, usage)).toBe(usd((400 * 10 + 200 * 12.5 + 400 * 30) / million));
  });

  it('charges searches by number, and multiplies the token cost by the service tier', () => {
    const usage = { inputTokens: 1_000, outputTokens: 100, webSearches: 3, serviceTier: 'flex' };
    expect(costOf({ ...price, webSearch: 0.01, serviceTiers: { flex: 0.5 } }, usage)).toBe(usd(0.006 + 0.03));
  });

  it('saturates at the largest exact number of nano-dollars', () => {
    expect(costOf({ input: 1e9, output: 0 }, { inputTokens: 1e9, outputTokens: 0 })).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('unpricedParts', () => {
  const price: Price = { input: 1, output: 1 };
  const of = (more: Partial<Usage>, of: Price | undefined = price) =>
    unpricedParts(of, { inputTokens: 9, outputTokens: 9, ...more });

  it.each([
    [{ webSearches: 1 }, ['web_search']],
    [{ audioInputTokens: 1 }, ['audio']],
    [{ audioOutputTokens: 1 }, ['audio']],
    [{ serviceTier: 'priority' }, ['service_tier']],
    [{ webSearches: 0, audioInputTokens: 0 }, []],
  ])('lists the unpriced parts of %j as %j', (usage, parts) => {
    expect(of(usage)).toEqual(parts);
  });

  it('lists no unpriced parts if each part has a price, or if the model has no price', () => {
    const all: Price = { ...price, webSearch: 0, audioInput: 1, audioOutput: 1, serviceTiers: { priority: 2 } };
    expect(of({ webSearches: 1, audioInputTokens: 1, audioOutputTokens: 1, serviceTier: 'priority' }, all)).toEqual([]);
    expect(unpricedParts(undefined, { inputTokens: 1, outputTokens: 1, webSearches: 1 })).toEqual([]);
  });
});
