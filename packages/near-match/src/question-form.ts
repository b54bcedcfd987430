import type { Language, Phrase } from './language.ts';
import { has, matchesAt } from './match-words.ts';

/** Replaces a phrase at an index. Returns whether it was there. */
function replacePhrase(tokens: string[], index: number, { from, to, unlessBefore, unlessWith }: Phrase): boolean {
  if (!matchesAt(tokens, index, from)) return false;
  const next = tokens[index + from.length];
  if (unlessBefore !== undefined && has(unlessBefore, next)) return false;
  if (unlessWith !== undefined && tokens.some((token) => unlessWith.has(token))) return false;
  tokens.splice(index, from.length, ...to);
  return true;
}

/** Replaces fixed phrases that are asked in two forms, such as "have you got" and "do you have". */
export function replacePhrases(tokens: string[], language: Language): void {
  for (const phrase of language.startPhrases) replacePhrase(tokens, 0, phrase);
  for (const phrase of language.phrases) {
    const [first] = phrase.from;
    let index = first === undefined ? -1 : tokens.indexOf(first);
    while (index >= 0 && first !== undefined) {
      replacePhrase(tokens, index, phrase);
      index = tokens.indexOf(first, index + 1);
    }
  }
}

/**
 * Removes an auxiliary without sense after the question word, so that a question is like its indirect form.
 * After "what" it stays before a noun: "what do animals eat" is not "what animals eat".
 */
export function removeEmptyAuxiliary(tokens: string[], language: Language): void {
  const [word] = tokens;
  const isAdverbial = has(language.adverbialQuestionWords, word);
  if (!isAdverbial && !has(language.nominalQuestionWords, word)) return;
  const index = isAdverbial && has(language.measures, tokens[1]) ? 2 : 1;
  while (has(language.emptyAuxiliaries, tokens[index])) {
    const next = tokens[index + 1];
    if (next === undefined || has(language.negations, next) || !(isAdverbial || has(language.pronouns, next))) return;
    tokens.splice(index, 1);
  }
}

/**
 * Writes a first word in lower case if its capital only marks the start: "May I", "Cancel my".
 * Function words also lose it before a pronoun: "ok May I".
 */
export function foldFirstWord(tokens: string[], language: Language, common: ReadonlySet<string>): void {
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? '';
    const lower = token.toLowerCase();
    if (token === lower || token !== lower.charAt(0).toUpperCase() + lower.slice(1)) continue;
    const isFunctionWord = language.functionWords.has(lower);
    const isPlain = common.has(lower) && !language.caseSensitive.has(lower);
    if (index === 0 ? isFunctionWord || isPlain : isFunctionWord && has(language.pronouns, tokens[index + 1])) {
      tokens[index] = lower;
    }
  }
}
