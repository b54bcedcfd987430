import type { Language } from './language.ts';
import { has } from './match-words.ts';
import { startsQuestion } from './question-start.ts';
import { isPunctuation } from './read-tokens.ts';

const MAX_PHRASE_WORDS = 6;
const MIN_QUESTION_WORDS = 3;

/** Returns the index of the only comma, or -1 if the text has none or other punctuation. */
function onlyComma(tokens: readonly string[]): number {
  const comma = tokens.indexOf(',');
  const isAlone = tokens.every((token, index) => index === comma || !(isPunctuation(token) || token === '(' || token === ')'));
  return isAlone ? comma : -1;
}

/** Whether a phrase has only words of the language's common vocabulary, so that it is no name or number. */
function isPlainPhrase(tokens: readonly string[], end: number, language: Language, common: ReadonlySet<string>): boolean {
  for (let index = 1; index < end; index++) {
    const token = tokens[index] ?? '';
    if (!language.determiners.has(token) && (!common.has(token) || language.functionWords.has(token))) return false;
  }
  return true;
}

/** Whether no word of a question would attract the phrase that is moved after it. */
function acceptsPhrase(tokens: readonly string[], start: number, language: Language): boolean {
  const { orderMatters, prepositions, participle } = language.wordOrder;
  let subjects = 0;
  for (let index = start; index < tokens.length; index++) {
    const token = tokens[index] ?? '';
    if (index > start && (language.questionWords.has(token) || prepositions.has(token))) return false;
    if (orderMatters.has(token) || participle.test(token)) return false;
    if (language.pronouns.has(token)) subjects += 1;
  }
  return subjects <= 1;
}

/**
 * Moves a phrase before a question to its end: "in the shower, why is …" is "why is … in the shower".
 * It does so only if the phrase has the same sense there. All other orders of words are kept.
 */
export function moveFirstPhrase(tokens: string[], language: Language, common: ReadonlySet<string>): void {
  const { prepositions, purpose, beforePurpose } = language.wordOrder;
  const isPurpose = has(purpose, tokens[0]);
  if (!isPurpose && !has(prepositions, tokens[0])) return;
  const comma = onlyComma(tokens);
  const start = comma + 1;
  if (comma < 2 || comma > MAX_PHRASE_WORDS || tokens.length - start < MIN_QUESTION_WORDS) return;
  if (!startsQuestion(tokens, start, language) || !isPlainPhrase(tokens, comma, language, common)) return;
  if (!acceptsPhrase(tokens, start, language)) return;
  if (isPurpose && !(has(language.questionWords, tokens[start]) && has(beforePurpose, tokens.at(-1)))) return;
  const phrase = tokens.splice(0, start);
  phrase.pop();
  for (const token of phrase) tokens.push(token);
}
