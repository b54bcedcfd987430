import { fc, it } from '@fast-check/jest';
import { describe, expect } from '@jest/globals';
import { normalForm } from './normal-form.ts';
import { readPairs } from './testing/labelled-pairs.ts';

const RUNS = { numRuns: Math.max(1, Math.ceil(2_000 * Number(process.env['SLUICE_PROPERTY_RUNS'] ?? 1))) };

const questions = [...readPairs('traps'), ...readPairs('same-question')]
  .flatMap(({ first, second }) => [first, second])
  .filter((text) => normalForm(text) !== undefined);
const anyQuestion = fc.constantFrom(...questions);

/** Words that no rule replaces. */
const NOUNS = [
  'garden',
  'doctor',
  'train',
  'parcel',
  'zebra',
  'quokka',
  'netflix',
  'redis',
  'python',
  'paris',
  'anna',
  'ibuprofen',
];
const CONTENT = [
  ...NOUNS,
  'cancel',
  'order',
  'pay',
  'move',
  'visit',
  'repair',
  'borrow',
  'sell',
  'cheaper',
  'before',
  'not',
  'never',
];
const content = fc.constantFrom(...CONTENT);
/** Words that rules remove or replace, in any order: they make the rules meet. */
const anyWords = fc.array(
  fc.oneof(
    content,
    fc.constantFrom(
      'how',
      'do',
      'i',
      'can',
      'to',
      'hi',
      ',',
      'um',
      'so',
      'please',
      'thanks',
      'the',
      'of',
      'in',
      '?',
      '.',
      'May',
      'A',
    ),
    fc.constantFrom(
      'tell',
      'me',
      'what',
      "what's",
      'is',
      'it',
      'you',
      'US',
      'Polish',
      '5',
      'kg',
      '"Hi"',
      'acount',
      'Cancel',
      'sorry',
      '-',
      'but',
    ),
  ),
  { maxLength: 14 },
);
const frame = fc.constantFrom('Hi, ', 'Hello! ', 'um ', 'Quick question: ', 'Could you tell me ', 'ok so ');
const closing = fc.constantFrom('', '?', '? Thanks!', ' please', '?? Many thanks', '. Cheers');
const sentence = fc.tuple(content, content, fc.constantFrom(...NOUNS)).filter((words) => new Set(words).size === words.length);

/** Whether two texts match. A text without a normal form matches no text. */
function match(first: string, second: string): boolean {
  const form = normalForm(first);
  return form !== undefined && form === normalForm(second);
}

const ask = (words: readonly string[]): string => `how do i ${words[0]} the ${words[1]} for ${words[2]}`;

describe('normalForm of any text', () => {
  it.prop([fc.string({ unit: 'binary', maxLength: 300 })], RUNS)('never throws', (text) => {
    const form = normalForm(text);
    if (form !== undefined) expect(normalForm(form)).toBe(form);
  });

  it.prop([anyWords], RUNS)('changes no normal form', (words) => {
    const form = normalForm(words.join(' '));
    if (form !== undefined) expect(normalForm(form)).toBe(form);
  });

  it.prop([anyQuestion], RUNS)('returns the same form each time', (text) => {
    expect(normalForm(text)).toBe(normalForm(`${text}`));
  });

  it.prop([sentence, frame, closing], RUNS)('ignores polite words around a question', (words, before, after) => {
    const text = before + ask(words) + after;
    expect(normalForm(text)).toBe(normalForm(ask(words)));
  });
});

describe('normalForm of a changed question', () => {
  it.prop([sentence, fc.nat(2), content], RUNS)('differs if a word is replaced', (words, index, word) => {
    const changed = words.with(index, word);
    expect(match(ask(changed), ask(words))).toBe(words[index] === word);
  });

  it.prop([sentence, fc.nat(2), fc.nat(2)], RUNS)('differs if two words change places', (words, first, second) => {
    const changed = words.with(first, words[second] ?? '').with(second, words[first] ?? '');
    expect(match(ask(changed), ask(words))).toBe(first === second);
  });

  it.prop([sentence, fc.nat(9_999), fc.nat(9_999)], RUNS)('differs if a number changes', (words, first, second) => {
    const form = (number: number): string | undefined => normalForm(`${ask(words)} in ${number} days`);
    expect(form(first)).toBeDefined();
    expect(form(first) === form(second)).toBe(first === second);
  });

  it.prop([sentence, fc.constantFrom('kg', 'g', 'mg', 'km', 'MB', 'Mb', 'am', 'pm', '%', '€')], RUNS)(
    'differs if a unit changes',
    (words, unit) => {
      const form = (of: string): string | undefined => normalForm(`${ask(words)} with 5${of} of it`);
      expect(form('lb')).toBeDefined();
      expect(form(unit)).not.toBe(form('lb'));
      expect(normalForm(`${ask(words)} with 5 ${unit} of it`)).not.toBe(normalForm(`${ask(words)} with 5 lb of it`));
    },
  );

  it.prop([anyQuestion, fc.nat(30), fc.constantFrom('not', 'never', 'no', 'without', 'except')], RUNS)(
    'differs if a negation is inserted',
    (text, position, negation) => {
      const words = text.split(' ');
      const changed = words.toSpliced(Math.min(position, words.length - 1), 0, negation).join(' ');
      expect(normalForm(changed)).not.toBe(normalForm(text));
    },
  );

  it.prop([anyQuestion, fc.nat(30), fc.constantFrom('zebra', 'Zurich', '7', 'only', 'her', 'C#', 'yesterday')], RUNS)(
    'differs if a word is inserted',
    (text, position, word) => {
      const words = text.split(' ');
      const changed = words.toSpliced(Math.min(position, words.length - 1), 0, word).join(' ');
      expect(normalForm(changed)).not.toBe(normalForm(text));
    },
  );

  it.prop([fc.stringMatching(/^[ -~]{1,40}$/), fc.stringMatching(/^[ -~]{1,40}$/)], RUNS)(
    'differs if quoted text or code differs',
    (first, second) => {
      for (const quote of ['"', '`']) {
        const form = (text: string): string | undefined =>
          normalForm(`How do I find ${quote}${text.replaceAll(quote, '')}x${quote} in a file?`);
        expect(form(first)).toBeDefined();
        const equal = first.replaceAll(quote, '') === second.replaceAll(quote, '');
        expect(form(first) === form(second)).toBe(equal);
      }
    },
  );
});
