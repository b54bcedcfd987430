import type { Language } from './language.ts';
import { commonWordsOf, correctionsOf } from './typing-errors.ts';

const HAS_DIGIT = /\d/;
const HAS_INNER_CAPITAL = /[a-z][A-Z]/;
const LOWER_CASE_WORD = /(?:^|[ ("'`-])[a-z]/;
/** Units are at most three letters, and case distinguishes them: MB and Mb, mW and MW. */
const MAX_UNIT_LETTERS = 3;

/** How a text uses capitals. Only in a sentence does a capital show a name. */
export type Casing = 'sentence' | 'title' | 'capitals';

/** The tokens of a text, those of them that replace a typing error, and how the text uses capitals. */
export interface Reading {
  readonly tokens: string[];
  readonly corrected: string[];
  readonly casing: Casing;
}

/** Returns how a text uses capitals. */
export function casingOf(text: string): Casing {
  if (!/[a-z]/.test(text)) return 'capitals';
  return LOWER_CASE_WORD.test(text) ? 'sentence' : 'title';
}

/** Returns a word without the apostrophe of a possessive, if the word without it has no other number. */
function withoutPossessive(word: string, language: Language): string {
  if (word.endsWith("s'")) return word.slice(0, -1);
  if (!word.endsWith("'s")) return word;
  const noun = word.slice(0, -2);
  return language.irregularNouns.has(noun) ? `${noun}s` : word;
}

/** Whether the next word is the first of a sentence. */
export function isSentenceStart(last: string | undefined): boolean {
  return last === undefined || last === '.' || last === '?';
}

/** Whether a word with a capital inside a sentence could be a name that is spelled like a word: "Friends", "Her", "CAN". */
function mayBeName(word: string, lower: string, language: Language): boolean {
  const isPlain = language.questionWords.has(lower) || language.auxiliaries.has(lower) || lower === 'i';
  if (isPlain && word !== word.toUpperCase()) return false;
  return language.functionWords.has(lower) || language.alsoNames.has(lower) || commonWordsOf(language).has(lower);
}

/** Whether a word keeps its case because another case has another sense. */
function keepsCase({ tokens, casing }: Reading, word: string, lower: string, language: Language): boolean {
  const last = tokens.at(-1);
  if (last !== undefined && word.length <= MAX_UNIT_LETTERS && HAS_DIGIT.test(last)) return true;
  if (word === lower) return false;
  if (word.length === 1) return lower !== 'i' && !(casing === 'capitals' && lower === 'a');
  if (language.caseSensitive.has(lower) || (HAS_INNER_CAPITAL.test(word) && !language.brands.has(lower))) return true;
  return casing === 'sentence' && !isSentenceStart(last) && mayBeName(word, lower, language);
}

/** Appends the common form of a word. Returns false if its sense is uncertain. */
export function foldWord(reading: Reading, word: string, language: Language): boolean {
  const { tokens, casing } = reading;
  const lower = word.toLowerCase();
  // in a text of capitals, case does not distinguish "us" from "US"
  if (casing === 'capitals' && language.caseSensitive.has(lower)) return false;
  if (keepsCase(reading, word, lower, language)) {
    tokens.push(word);
    return true;
  }
  const expanded = language.contractions.get(lower);
  if (expanded !== undefined) {
    for (const one of expanded) tokens.push(language.replacements.get(one) ?? one);
    return true;
  }
  const plain = withoutPossessive(lower, language);
  const corrected = correctionsOf(language).get(plain);
  if (corrected === undefined) {
    tokens.push(language.replacements.get(plain) ?? plain);
    return true;
  }
  // a capital inside a sentence is a name's, and a name may look like an error
  if (casing === 'sentence' && word !== lower && !isSentenceStart(tokens.at(-1))) return false;
  const token = language.replacements.get(corrected) ?? corrected;
  tokens.push(token);
  reading.corrected.push(token);
  return true;
}
