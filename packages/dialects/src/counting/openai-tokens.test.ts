import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadOpenAiTokenizer, openAiTokens } from './openai-tokens.ts';
import { atMostByLength } from './text-counters.ts';

const KB_100 = 102_400;

describe('openAiTokens', () => {
  it('estimates a text by its length until the tokenizer is loaded', () => {
    expect(openAiTokens('some words')).toBe(atMostByLength('some words'));
  });

  describe('openAiTokens with the tokenizer', () => {
    beforeAll(loadOpenAiTokenizer);

    it.each([
      ['Hello, world!', 4],
      ['', 0],
      ['tiktoken is great!', 6],
      // a special token in a text is ordinary text
      ['<|endoftext|>', 7],
    ])('counts the tokens of %j as %d', (text, tokens) => {
      expect(openAiTokens(text)).toBe(tokens);
    });

    const texts: [what: string, text: string][] = [
      ['English', 'The quick brown fox jumps over the lazy dog, and 17 others. '],
      ['JSON', '{"id":8123,"name":"x7919","value":0.8234567,"tags":["a","b"]},'],
      ['Chinese without a space', '中文文本测试数据用于估算令牌数量的例子'],
      ['one letter', 'a'],
      ['letters without a space', 'abcdefghijklmnopqrstuvwxyz'],
      ['spaces', ' \n\t'],
      ['emoji', '🚰🧪'],
      ['base64', 'qL7bXv0aJmT5RwK9cZ2eYh4uPf8sNd1gOi3V'],
    ];
    it.each(texts)('counts 100 KB of %s as fast as 16 KB of any text, within 20 % of the exact count', (_what, part) => {
      const text = part.repeat(Math.ceil(KB_100 / part.length)).slice(0, KB_100);
      const least = (one: string) =>
        Math.min(
          ...Array.from({ length: 5 }, () => {
            const before = performance.now();
            openAiTokens(one);
            return performance.now() - before;
          }),
        );
      // of a longer text, parts with the same total length are counted
      const slowest = Math.max(...texts.map(([, one]) => least(one.repeat(Math.ceil(16_384 / one.length)).slice(0, 16_384))));
      expect(least(text)).toBeLessThan(3 * slowest);
      // the sum of completely counted pieces, which are split at the same positions as the sample
      const pieces = text.match(/[\s\S]{1,4096}/g) ?? [];
      const whole = pieces.reduce((sum, piece) => sum + openAiTokens(piece), 0);
      expect(openAiTokens(text)).toBeGreaterThanOrEqual(whole * 0.95);
      expect(openAiTokens(text)).toBeLessThanOrEqual(whole * 1.2);
    });

    it('counts any text without throwing', () => {
      fc.assert(
        fc.property(fc.string({ unit: 'binary', maxLength: 500 }), fc.nat(60), (text, times) => {
          const tokens = openAiTokens(text.repeat(times));
          expect(Number.isFinite(tokens) && tokens >= 0).toBe(true);
        }),
      );
      expect(openAiTokens('\ud800 half a letter \udfff')).toBeGreaterThan(0);
    });
  });
});
