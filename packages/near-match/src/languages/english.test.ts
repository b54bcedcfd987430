import { describe, expect, it } from '@jest/globals';
import { english } from './english.ts';

describe('the tables of English', () => {
  it('replaces no word by one that is replaced again', () => {
    for (const replacement of english.replacements.values()) expect(english.replacements.has(replacement)).toBe(false);
  });

  it('expands no contraction to another contraction', () => {
    for (const words of english.contractions.values()) {
      for (const word of words) expect(english.contractions.has(word)).toBe(false);
    }
  });

  it('keeps every negation and question word', () => {
    for (const word of [...english.negations, ...english.questionWords]) {
      expect(english.replacements.has(word)).toBe(false);
      expect(english.emptyAuxiliaries.has(word)).toBe(false);
      expect(english.frames.hesitations.has(word)).toBe(false);
    }
  });

  it('contains words in lower case only', () => {
    const words = [...english.functionWords, ...english.commonWords, ...english.lookalikes, ...english.caseSensitive];
    expect(words.filter((word) => word !== word.toLowerCase())).toEqual([]);
  });

  it('removes no number, negation or name with a frame', () => {
    const { openings, requests, closings, brokenClosings } = english.frames;
    const words = [...openings, ...requests, ...closings, ...brokenClosings].flat();
    expect(words.filter((word) => english.negations.has(word) || /\d/.test(word))).toEqual([]);
  });
});
