import type { Language } from './language.ts';

/** The shortest common word in which an error is believed, and the shortest error. */
const MIN_LETTERS = 5;
/** Many brands are a word without the vowel before its last letter: Flickr, Tumblr. */
const BRAND_ENDING = /[^aeiouy]r$/;
const built = new Map<string, ReadonlyMap<string, string>>();
const commonSets = new Map<string, ReadonlySet<string>>();

/** Returns the common words of a language as a set. */
export function commonWordsOf(language: Language): ReadonlySet<string> {
  let common = commonSets.get(language.code);
  if (common === undefined) {
    common = new Set(language.commonWords);
    commonSets.set(language.code, common);
  }
  return common;
}

/** Calls `add` with each typing error of a word: two letters in the wrong order, a letter omitted, a letter doubled. */
function eachErrorOf(word: string, add: (error: string) => void): void {
  // the first letter is rarely wrong, and the last one is often an ending
  for (let index = 1; index < word.length - 1; index++) {
    const letter = word.charAt(index);
    const next = word.charAt(index + 1);
    const before = word.slice(0, index);
    if (letter !== next) add(before + next + letter + word.slice(index + 2));
    const shorter = before + word.slice(index + 1);
    if (!BRAND_ENDING.test(shorter)) add(shorter);
    add(before + letter + letter + word.slice(index + 1));
  }
}

/** Calls `add` with each typing error of a common word that is not a known word of the language. */
export function eachError(language: Language, add: (error: string, word: string) => void): void {
  const common = commonWordsOf(language);
  for (const word of common) {
    if (word.length < MIN_LETTERS) continue;
    eachErrorOf(word, (error) => {
      if (error.length < MIN_LETTERS || common.has(error)) return;
      if (!language.functionWords.has(error) && !language.replacements.has(error)) add(error, word);
    });
  }
}

/**
 * Returns the typing errors that are believed, each with its word.
 * An error is believed if it is not a word or name itself, and if only one common word has it as an error.
 */
export function correctionsOf(language: Language): ReadonlyMap<string, string> {
  const known = built.get(language.code);
  if (known !== undefined) return known;
  const corrections = new Map<string, string>();
  const ambiguous = new Set<string>();
  eachError(language, (error, word) => {
    if (language.lookalikes.has(error)) return;
    if (corrections.has(error) && corrections.get(error) !== word) ambiguous.add(error);
    else corrections.set(error, word);
  });
  for (const error of ambiguous) corrections.delete(error);
  built.set(language.code, corrections);
  return corrections;
}
