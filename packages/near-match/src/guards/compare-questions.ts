import { MAX_CHARACTERS } from '../clean-text.ts';
import { englishGuards } from '../languages/english-guards.ts';
import type { GuardLanguage } from './guard-language.ts';
import { type ParsedQuestion, parseQuestion } from './parsed-question.ts';
import { stem } from './stem.ts';

/** Why the answer to a question must not serve another one. */
export type Veto =
  | 'length'
  | 'number'
  | 'identifier'
  | 'name'
  | 'negation'
  | 'opposite'
  | 'order'
  | 'direction'
  | 'substitution'
  | 'narrowing';

export interface Comparison {
  /** Undefined if the words do not speak against it. */
  readonly veto: Veto | undefined;
}

/** Words after a direction word that belong to it. */
const DIRECTED_WORDS = 3;
/** Shorter words are too often a part of others. */
const MIN_PART_LETTERS = 4;
/** Two questions with this share of common content, and at most so many other words each, differ in just these words. */
const SHARED_CONTENT = 0.5;
const MAX_SUBSTITUTED = 2;

/**
 * Compares two questions by their words. An embedding does not distinguish numbers, names, negation and direction: of 200 pairs
 * of questions with different answers, MiniLM puts 27 % above a similarity of 0.9. The checks run in the order of `Veto`, and the
 * first one decides.
 *
 * The result says only whether the words speak against a common answer. Two questions without a veto may have different answers.
 *
 * @example
 * compareQuestions('How do I open an account?', 'How do I close an account?'); // { veto: 'opposite' }
 * compareQuestions('trains from Osaka to Kobe', 'trains from Kobe to Osaka'); // { veto: 'order' }
 * compareQuestions('What does delivery cost?', 'What is the price of delivery?'); // { veto: undefined }
 */
export function compareQuestions(first: string, second: string): Comparison {
  return comparisonWith(first)(second);
}

/** Returns the comparison of a question with others, which reads the question once. */
export function comparisonWith(question: string): (other: string) => Comparison {
  if (question.length > MAX_CHARACTERS) return () => ({ veto: 'length' });
  const asked = parseQuestion(question);
  return (other) => {
    if (other.length > MAX_CHARACTERS) return { veto: 'length' };
    const parsed = parseQuestion(other);
    return { veto: CHECKS.find(({ differ }) => differ(asked, parsed, englishGuards))?.veto };
  };
}

interface Check {
  readonly veto: Veto;
  differ(a: ParsedQuestion, b: ParsedQuestion, language: GuardLanguage): boolean;
}

const CHECKS: readonly Check[] = [
  { veto: 'number', differ: (a, b) => !isEqual(a.numbers, b.numbers) },
  { veto: 'identifier', differ: (a, b) => !isEqual(a.literals, b.literals) },
  { veto: 'name', differ: (a, b) => a.names.some((name) => !hasWord(b, name)) || b.names.some((name) => !hasWord(a, name)) },
  { veto: 'negation', differ: (a, b) => a.negations % 2 !== b.negations % 2 },
  { veto: 'opposite', differ: areOpposite },
  { veto: 'order', differ: haveOtherOrder },
  { veto: 'direction', differ: haveOtherDirection },
  { veto: 'substitution', differ: (a, b, language) => differInFewWords(a, b, language, (one, other) => one > 0 && other > 0) },
  { veto: 'narrowing', differ: (a, b, language) => differInFewWords(a, b, language, (one, other) => one > 0 || other > 0) },
];

const isEqual = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((value, n) => value === b[n]);

/** Returns whether a question has a word, also in another form or as a part of a compound. */
function hasWord({ stems, words }: ParsedQuestion, word: string): boolean {
  return stems.has(stem(word)) || (word.length >= MIN_PART_LETTERS && words.join('').includes(word));
}

/** Returns the words with content that the other question does not have. */
const onlyIn = (a: ParsedQuestion, b: ParsedQuestion): string[] => [...new Set(a.content)].filter((word) => !hasWord(b, word));

function areOpposite(a: ParsedQuestion, b: ParsedQuestion, { opposites, negativePrefixes }: GuardLanguage): boolean {
  // the word of one question and its opposite in the other, with neither of them in both
  const isOpposed = (word: string): boolean =>
    !has(b, word) && opposites.get(word)?.some((other) => has(b, other) && !has(a, other)) === true;
  if (a.words.some(isOpposed)) return true;
  const isPrefixed = (words: readonly string[], { stems }: ParsedQuestion): boolean =>
    words.some((word) =>
      negativePrefixes.some((prefix) =>
        word.startsWith(prefix) ? stems.has(stem(word.slice(prefix.length))) : stems.has(stem(prefix + word)),
      ),
    );
  return isPrefixed(onlyIn(a, b), b) || isPrefixed(onlyIn(b, a), a);
}

const has = ({ words, stems }: ParsedQuestion, word: string): boolean => words.includes(word) || stems.has(stem(word));

/** Compares the order of what the questions name: names, numbers and identifiers. */
function haveOtherOrder(a: ParsedQuestion, b: ParsedQuestion): boolean {
  const names = new Set([...a.names, ...b.names].map(stem));
  const named = ({ order, literals }: ParsedQuestion): string[] =>
    order.filter((token) => names.has(token) || literals.includes(token) || /^\d|^(?:month|day) /.test(token));
  return !isEqual(named(a), named(b));
}

/** Compares the direction words before the words that both questions have. */
function haveOtherDirection(a: ParsedQuestion, b: ParsedQuestion, language: GuardLanguage): boolean {
  const [first, second] = [directionsOf(a, language), directionsOf(b, language)];
  return [...first].some(([word, direction]) => second.has(word) && second.get(word) !== direction);
}

function directionsOf({ words }: ParsedQuestion, { directions, empty }: GuardLanguage): Map<string, string> {
  const found = new Map<string, string>();
  for (const [n, direction] of words.entries()) {
    if (!directions.has(direction)) continue;
    const directed = words.slice(n + 1, n + 1 + DIRECTED_WORDS).find((word) => directions.has(word) || !empty.has(word));
    if (directed !== undefined && !directions.has(directed)) found.set(stem(directed), TOWARDS.has(direction) ? 'to' : direction);
  }
  return found;
}

/** Words of one direction. */
const TOWARDS: ReadonlySet<string> = new Set(['to', 'into', 'onto', 'over']);

/** Returns whether the questions share most of their content, and differ in a few words that are no synonyms. */
function differInFewWords(
  a: ParsedQuestion,
  b: ParsedQuestion,
  language: GuardLanguage,
  isDifferent: (inFirst: number, inSecond: number) => boolean,
): boolean {
  const [first, second] = [onlyIn(a, b), onlyIn(b, a)];
  const [inFirst, inSecond] = [withoutSynonyms(first, second, language), withoutSynonyms(second, first, language)];
  const common = new Set(a.content.filter((word) => hasWord(b, word))).size;
  const smaller = Math.max(1, Math.min(new Set(a.content).size, new Set(b.content).size));
  return (
    isDifferent(inFirst.length, inSecond.length) &&
    common / smaller >= SHARED_CONTENT &&
    Math.max(inFirst.length, inSecond.length) <= MAX_SUBSTITUTED
  );
}

function withoutSynonyms(words: readonly string[], others: readonly string[], { synonyms }: GuardLanguage): string[] {
  const stems = new Set(others.map(stem));
  const isSynonym = (word: string): boolean =>
    synonyms.some((group) => group.some((one) => stem(one) === stem(word)) && group.some((one) => stems.has(stem(one))));
  return words.filter((word) => !isSynonym(word));
}
