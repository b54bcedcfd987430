import { describe, expect, it } from '@jest/globals';
import { MAX_CHARACTERS } from './clean-text.ts';
import { normalForm } from './normal-form.ts';

/** Milliseconds for one text on a loaded machine. Quadratic work over 2,000 characters would take longer. */
const MAX_MS = 50;
const repeat = (part: string): string => part.repeat(Math.ceil(MAX_CHARACTERS / part.length)).slice(0, MAX_CHARACTERS);

const LONG: [string, string][] = [
  ['100 KB without blanks', 'a'.repeat(100_000)],
  ['1 MB of words', 'how do I cancel my plan '.repeat(42_000)],
  ['1 MB of blanks', ' '.repeat(1_000_000)],
  ['1 MB of combining characters', `e${'\u0301'.repeat(1_000_000)}`],
  ['1 MB of quotes', "'".repeat(1_000_000)],
];

const DENSE: [string, string][] = [
  ['letters', repeat('a')],
  ['combining characters', repeat('e\u0301\u0323\u0300')],
  ['one character with many marks', repeat('\u0301')],
  ['question marks', repeat('?')],
  ['alternating punctuation', repeat(',.;:')],
  ['single quotes', repeat("'a ")],
  ['apostrophes', repeat("'")],
  ['back quotes', repeat('`')],
  ['hyphens in a word', repeat('a-')],
  ['digits and dots', repeat('1.')],
  ['colons and slashes', repeat('a://')],
  ['at signs', repeat('a@')],
  ['greetings', repeat('hi ')],
  ['hesitations', repeat('um ')],
  ['courtesies', repeat('please ')],
  ['auxiliaries', repeat('how do do ')],
  ['one-letter words', repeat('i ')],
  ['thanks', `how do I pay ${repeat('thanks ').slice(0, 1_900)}`],
  ['zero-width characters', repeat('\u200b\u200d\u2060')],
  ['directional marks', repeat('\u202e\u2066')],
  ['emoji', repeat('👩‍💻')],
  ['lone surrogates', repeat('\ud800a')],
  ['controls', repeat('\u0000\u0007')],
  ['Arabic words', repeat('كيف يمكنني إلغاء الاشتراك ')],
  ['Chinese text', repeat('法国的首都是哪里')],
  ['line ends', repeat('a\n')],
];

function timed(text: string): { form: string | undefined; ms: number } {
  const startedMs = performance.now();
  const form = normalForm(text);
  return { form, ms: performance.now() - startedMs };
}

normalForm('How do I cancel my plan?'); // builds the table of typing errors

describe('hostile texts', () => {
  it.each(LONG)('gives no normal form to %s in bounded time', (_name, text) => {
    const { form, ms } = timed(text);
    expect(form).toBeUndefined();
    expect(ms).toBeLessThan(MAX_MS);
  });

  it.each(DENSE)('reads 2,000 characters of %s in bounded time', (_name, text) => {
    expect(timed(text).ms).toBeLessThan(MAX_MS);
    expect(timed(`how do I ${text}`.slice(0, MAX_CHARACTERS)).ms).toBeLessThan(MAX_MS);
  });

  it('accepts a text of the longest length and refuses one more character', () => {
    const question = 'How do I cancel my plan ';
    const word = 'z'.repeat(MAX_CHARACTERS - question.length);
    expect(normalForm(question + word)).toBe(`how i cancel my plan ${word}`);
    expect(normalForm(`${question}${word}z`)).toBeUndefined();
  });

  it.each([
    ['right-to-left override', 'How do I cancel \u202emy plan?'],
    ['control character', 'How do I cancel\u0000 my plan?'],
    ['line end', 'How do I cancel\nmy plan?'],
    ['superscript', 'How much is 10² in total?'],
    ['fraction', 'How much is ½ cup of rice?'],
    ['emoji', 'How do I cancel my plan 😀?'],
    ['lone surrogate', 'How do I cancel \ud800 my plan?'],
    ['Arabic text', 'كيف يمكنني إلغاء اشتراكي؟'],
    ['Chinese text', '法国的首都是哪里'],
    ['unbalanced quote', 'How do I cancel "my plan?'],
  ])('gives no normal form to a text with a %s', (_name, text) => {
    expect(normalForm(text)).toBeUndefined();
  });

  it.each([
    ['zero-width space', 'How do I can\u200bcel my plan?'],
    ['soft hyphen', 'How do I can\u00adcel my plan?'],
    ['byte order mark', '\ufeffHow do I cancel my plan?'],
    ['zero-width joiner', 'How do I cancel\u200d my plan?'],
    ['no-break space', 'How do\u00a0I cancel my plan?'],
    ['full-width letter', 'Ｈow do I cancel my plan？'],
  ])('ignores a %s', (_name, text) => {
    expect(normalForm(text)).toBe('how i cancel my plan');
  });
});
