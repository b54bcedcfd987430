import { afterAll, describe, expect, it } from '@jest/globals';
import { usd } from '@sluice/core';
import { costOf } from './price.ts';
import { PriceBook } from './price-book.ts';

const book = new PriceBook();
const now = Date.parse('2026-06-01T12:00:00Z');

describe('PriceBook', () => {
  it.each([
    ['openai', 'gpt-4o-mini', 0.15, 0.6],
    // a dated name belongs to the same model
    ['openai', 'gpt-4o-mini-2024-07-18', 0.15, 0.6],
    ['openai', 'text-embedding-3-small', 0.02, 0],
    ['groq', 'llama-3.3-70b-versatile', 0.59, 0.79],
    ['azure', 'gpt-4o', 2.5, 10],
    ['aws', 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0', 3.3, 16.5],
  ])('finds the price of %s/%s', (provider, model, input, output) => {
    const price = book.priceOf(provider, model, now);
    expect(costOf(price, { inputTokens: 1_000_000, outputTokens: 0 })).toBe(usd(input));
    expect(costOf(price, { inputTokens: 0, outputTokens: 1_000_000 })).toBe(usd(output));
  });

  it('finds prices of cached input, long prompts and requests', () => {
    const claude = book.priceOf('anthropic', 'claude-sonnet-4-5', now);
    const usage = { inputTokens: 10_000, cachedInputTokens: 8_000, cacheWriteTokens: 1_000, outputTokens: 0 };
    expect(costOf(claude, usage)).toBe(usd((1_000 * 3 + 8_000 * 0.3 + 1_000 * 3.75) / 1_000_000));
    const gemini = book.priceOf('google', 'gemini-2.5-pro', now);
    expect(costOf(gemini, { inputTokens: 300_000, outputTokens: 0 })).toBe(usd((300_000 * 2.5) / 1_000_000));
    const sonar = book.priceOf('perplexity', 'sonar', now);
    expect(costOf(sonar, { inputTokens: 0, outputTokens: 0 })).toBe(usd(0.012));
  });

  it('returns undefined, not zero, for an unknown model or provider', () => {
    expect(book.priceOf('openai', 'unknown-model', now)).toBeUndefined();
    expect(book.priceOf('unknown', 'gpt-4o', now)).toBeUndefined();
  });

  it('caches a price that was looked up recently', () => {
    const cpuOf = (work: (n: number) => void): number => {
      const before = process.cpuUsage();
      for (let n = 0; n < 2_000; n++) work(n);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    cpuOf(() => book.priceOf('openai', 'gpt-4o', now));
    // a lookup in the table takes hundreds of times as long
    const looked = cpuOf((n) => book.priceOf('openai', 'gpt-4o', now + (n + 1) * 60_000));
    const remembered = cpuOf(() => book.priceOf('openai', 'gpt-4o', now + 2_000 * 60_000));
    expect(looked / Math.max(1, remembered)).toBeGreaterThan(3);
  });

  describe('PriceBook with a replaced table', () => {
    afterAll(async () => {
      // the process has one table: other tests of this file run before this
      book.replace(JSON.stringify([{ id: 'none', name: 'None', api_pattern: 'x', models: [] }]));
    });
    const table = [
      {
        id: 'mine',
        name: 'Mine',
        api_pattern: 'x',
        models: [
          {
            id: 'm',
            match: { equals: 'm' },
            prices: { input_mtok: { base: 1, tiers: [{ start: 10, price: 2 }] }, output_mtok: 3 },
          },
        ],
      },
    ];

    it.each(['', 'no JSON', '{}', '[]', '[{"id":4}]', '[null]'])('refuses the table %j and keeps the old one', (text) => {
      expect(() => book.replace(text)).toThrow();
      expect(book.priceOf('openai', 'gpt-4o-mini', now)?.input).toBe(0.15);
    });

    it('uses a replaced table from then on', () => {
      book.replace(JSON.stringify(table));
      expect(costOf(book.priceOf('mine', 'm', now), { inputTokens: 20, outputTokens: 1 })).toBe(usd(43 / 1_000_000));
      expect(book.priceOf('openai', 'gpt-4o-mini', now)).toBeUndefined();
    });
  });
});
