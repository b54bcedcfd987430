import { describe, expect, it } from '@jest/globals';
import { english } from './languages/english.ts';
import { lookalikesIn } from './testing/lookalikes.ts';
import { correctionsOf } from './typing-errors.ts';

const corrections = correctionsOf(english);

describe('correctionsOf', () => {
  it.each([
    ['two letters in the wrong order', 'cancle', 'cancel'],
    ['an omitted letter', 'diffrence', 'difference'],
    ['one letter of a double', 'adress', 'address'],
    ['a doubled letter', 'pasword', 'password'],
  ])('believes %s: %s', (_kind, error, word) => {
    expect(corrections.get(error)).toBe(word);
  });

  it.each(['casual', 'desert', 'angel', 'trial', 'diary', 'complaint', 'county', 'curse', 'quite', 'statue', 'brain', 'tumblr'])(
    'does not take the word %s for an error',
    (word) => {
      expect(corrections.has(word)).toBe(false);
    },
  );

  it('corrects no word that the language knows', () => {
    const known = [...english.commonWords, ...english.functionWords, ...english.lookalikes, ...english.replacements.keys()];
    expect(known.filter((word) => corrections.has(word))).toEqual([]);
  });

  it('keeps the first letter and corrects no word of less than five letters', () => {
    for (const [error, word] of corrections) {
      expect(error.charAt(0)).toBe(word.charAt(0));
      expect(Math.min(error.length, word.length)).toBeGreaterThanOrEqual(5);
    }
  });

  it('returns the same table for a language', () => {
    expect(correctionsOf(english)).toBe(corrections);
  });
});

describe('lookalikesIn', () => {
  it('finds the words of a list that would be taken for errors', () => {
    expect(lookalikesIn(['zebra', 'county', 'account', 'acount'], english)).toEqual(['acount', 'county']);
  });
});
