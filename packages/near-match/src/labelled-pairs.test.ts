import { describe, expect, it } from '@jest/globals';
import { normalForm } from './normal-form.ts';
import { byKind, type LabelledPair, readPairs } from './testing/labelled-pairs.ts';

function matches({ first, second }: LabelledPair): boolean {
  const form = normalForm(first);
  return form !== undefined && form === normalForm(second);
}

const traps = readPairs('traps');
const same = readPairs('same-question');

describe('traps', () => {
  it.each(byKind(traps))('matches no pair of kind %s', (_kind, pairs) => {
    expect(pairs.filter(matches)).toEqual([]);
  });

  it('covers at least 20 kinds with 400 pairs', () => {
    expect(byKind(traps).length).toBeGreaterThanOrEqual(20);
    expect(traps.length).toBeGreaterThanOrEqual(400);
  });

  it('refuses less than 15 % of the traps for lack of a normal form', () => {
    const refused = traps.filter(({ first, second }) => normalForm(first) === undefined || normalForm(second) === undefined);
    expect(refused.length / traps.length).toBeLessThan(0.15);
  });

  it('matches no pair of different traps', () => {
    const texts = [...new Set(traps.flatMap(({ first, second }) => [first, second]))];
    const forms = new Map<string, string>();
    const matched: string[][] = [];
    for (const text of texts) {
      const form = normalForm(text);
      if (form === undefined) continue;
      const other = forms.get(form);
      if (other !== undefined && other.toLowerCase() !== text.toLowerCase()) matched.push([other, text]);
      forms.set(form, text);
    }
    expect(matched.filter((pair) => !sameUpToMarks(pair))).toEqual([]);
  });
});

/** A question occurs in several traps, with and without its final mark and the apostrophe of a plural. */
function sameUpToMarks([first = '', second = '']: string[]): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/[?.]+$|(?<=s)'/g, '');
  return plain(first) === plain(second);
}

describe('pairs that ask the same question', () => {
  it.each(byKind(same))('matches every pair of kind %s', (_kind, pairs) => {
    expect(pairs.filter((pair) => !matches(pair))).toEqual([]);
  });
});

describe('all labelled questions', () => {
  it('leaves a normal form as it is', () => {
    for (const { first, second } of [...traps, ...same]) {
      for (const form of [normalForm(first), normalForm(second)]) {
        if (form !== undefined) expect(normalForm(form)).toBe(form);
      }
    }
  });
});
