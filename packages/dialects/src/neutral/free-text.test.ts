import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { argumentsOfText, FreeTextReader, freeText, TEXT_BEGIN, TEXT_END, textPiece } from './free-text.ts';

const cut = (text: string, cuts: readonly number[]): string[] => {
  const places = [0, ...cuts.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
  return places.slice(1).map((end, n) => text.slice(places[n], end));
};

describe('free text of a custom tool', () => {
  it('decodes a free text from arguments that are split anywhere', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.nat(), { maxLength: 8 }), fc.boolean(), (text, cuts, escaped) => {
        const json = argumentsOfText(text);
        const sent = escaped
          ? json.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
          : json;
        const reader = new FreeTextReader();
        const pieces = cut(sent, cuts).map((piece) => reader.read(piece));
        expect(pieces.join('') + reader.end()).toBe(text);
        for (const piece of pieces) expect(piece.isWellFormed() || !text.isWellFormed()).toBe(true);
      }),
    );
  });

  it('writes pieces of a free text that are valid JSON together', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (pieces) => {
        const json = TEXT_BEGIN + pieces.map(textPiece).join('') + TEXT_END;
        expect(JSON.parse(json)).toEqual({ input: pieces.join('') });
      }),
    );
  });

  it('returns a free text before its arguments are complete', () => {
    const reader = new FreeTextReader();
    expect(reader.read('{ "input" : "*** Begin\\n')).toBe('*** Begin\n');
    expect(reader.read('+a \\"b\\')).toBe('+a "b');
    expect(reader.read('\\"}')).toBe('\\');
    expect(reader.end()).toBe('');
  });

  it.each([
    ['unescaped line breaks', '{"input":"a\nb"}', 'a\nb'],
    ['another name', '{"patch":"a"}', 'a'],
    ['a second member before it', '{"why":"x","input":"a"}', 'a'],
    ['a JSON text alone', '"a"', 'a'],
    ['the text itself', '*** Begin Patch', '*** Begin Patch'],
    ['no text', '{}', ''],
    ['an input that is no text', '{"input":{"a":1}}', '{"a":1}'],
    ['an end that is missing', '{"input":"abc', 'abc'],
    ['a long text of another name', JSON.stringify({ patch: 'x'.repeat(1_000) }), 'x'.repeat(1_000)],
  ])('reads a free text from arguments with %s', (_, args, text) => {
    expect(freeText(args)).toBe(text);
  });
});
