import { cleanText } from './clean-text.ts';
import { removeClosings, removeInnerFrames, removeOpenings } from './frames.ts';
import type { Language } from './language.ts';
import { english } from './languages/english.ts';
import { has } from './match-words.ts';
import { foldFirstWord, removeEmptyAuxiliary, replacePhrases } from './question-form.ts';
import { startsQuestion } from './question-start.ts';
import { isPunctuation, readTokens } from './read-tokens.ts';
import { commonWordsOf } from './typing-errors.ts';
import { moveFirstPhrase } from './word-order.ts';

const byCode = new Map<string, Language>([english].map((language) => [language.code, language]));

/** The codes of the languages that `normalForm` has rules of. */
export const languages: readonly string[] = [...byCode.keys()];

/**
 * The version of all rules. Normal forms of different versions are not comparable: a key that is made of a normal form also
 * contains this number.
 */
export const rulesVersion = 1;

/** A rule may make another one applicable. A text that still changes after these rounds has no normal form. */
const MAX_ROUNDS = 4;
/** This number of function words and common words also shows the language, without a word that only this language has. */
const MIN_KNOWN_WORDS = 4;

/** Applies each rule once. Returns whether the text ends with a question mark. */
function applyRules(tokens: string[], language: Language, common: ReadonlySet<string>): boolean {
  const question = removeClosings(tokens, language);
  foldFirstWord(tokens, language, common);
  removeOpenings(tokens, language);
  removeInnerFrames(tokens, language);
  replacePhrases(tokens, language);
  removeEmptyAuxiliary(tokens, language);
  moveFirstPhrase(tokens, language, common);
  return question;
}

/** Whether the tokens are a request in this language, with something that it is about. */
function isRequest(tokens: readonly string[], language: Language, common: ReadonlySet<string>): boolean {
  let content = 0;
  let known = 0;
  for (const token of tokens) {
    if (token === ':' || language.wordTasks.has(token)) return false;
    if (language.evidence.has(token)) known += MIN_KNOWN_WORDS;
    else if (common.has(token) || language.functionWords.has(token)) known += 1;
    if (!language.functionWords.has(token) && !isPunctuation(token) && token !== '(' && token !== ')') content += 1;
  }
  return content > 0 && tokens.length > 1 && known >= MIN_KNOWN_WORDS;
}

/**
 * Returns the normal form of a question, or undefined if the text has none.
 *
 * Two texts with one normal form ask the same question: they differ only in polite words, spelling, case, believed typing
 * errors, empty auxiliaries and the place of a first phrase. Numbers, names, negation, tense, comparison, quoted text and
 * every other word remain. The function never throws, and its time is bounded: longer texts than 2,000 characters have no
 * normal form.
 *
 * The first call builds the table of typing errors, in about 40 ms: a service makes one while it starts.
 *
 * @example
 * normalForm('Hi, how can I cancel my subscription? Thanks!'); // 'how i cancel my subscription'
 * normalForm('how do i cancle my subscription'); // 'how i cancel my subscription'
 * normalForm('How do I not cancel my subscription?'); // 'how i not cancel my subscription'
 * normalForm('print(x)'); // undefined
 */
export function normalForm(text: string, options: { readonly language?: string } = {}): string | undefined {
  const language = byCode.get(options.language ?? english.code);
  const cleaned = language === undefined ? undefined : cleanText(text);
  if (language === undefined || cleaned === undefined) return undefined;
  const tokens = readTokens(cleaned, language);
  if (tokens === undefined || tokens.some((token) => language.wordTasks.has(token))) return undefined;
  const common = commonWordsOf(language);
  let question = false;
  let before: string;
  let form = tokens.join(' ');
  for (let round = 0; round < MAX_ROUNDS; round++) {
    before = form;
    question = applyRules(tokens, language, common) || question;
    form = tokens.join(' ');
    if (form !== before) continue;
    if (!isRequest(tokens, language, common)) return undefined;
    // "you are open?" is not "you are open"
    return question && !startsQuestion(tokens, 0, language) && !has(language.questionWords, tokens[0]) ? `${form} ?` : form;
  }
  return undefined;
}
