import type { Language } from './language.ts';
import { has } from './match-words.ts';

/** Between a question word and its auxiliary are at most three words: "how much sugar is". */
const AUXILIARY_WITHIN = 4;

/** Whether the tokens at an index are the start of a question: an auxiliary, or a question word and soon an auxiliary. */
export function startsQuestion(tokens: readonly string[], index: number, language: Language): boolean {
  const first = tokens[index];
  if (has(language.auxiliaries, first)) return true;
  if (!has(language.questionWords, first)) return false;
  for (let n = index + 1; n <= index + AUXILIARY_WITHIN; n++) {
    if (has(language.auxiliaries, tokens[n]) || has(language.pronouns, tokens[n]) || tokens[n] === 'to') return true;
  }
  return false;
}

/**
 * Whether the tokens at an index are a question even without punctuation before them.
 * An auxiliary needs a pronoun after it: "hello is a word" has a greeting as its subject.
 */
export function startsPlainQuestion(tokens: readonly string[], index: number, language: Language): boolean {
  if (!startsQuestion(tokens, index, language)) return false;
  if (has(language.questionWords, tokens[index])) return true;
  return has(language.pronouns, tokens[index + 1]);
}
