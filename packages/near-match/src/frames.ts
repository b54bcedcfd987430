import type { Language } from './language.ts';
import { has, longestMatch } from './match-words.ts';
import { startsPlainQuestion, startsQuestion } from './question-start.ts';
import { isPunctuation } from './read-tokens.ts';

/** Returns the index of the first token from an index that is not punctuation. */
function skipPunctuation(tokens: readonly string[], index: number): number {
  let next = index;
  while (isPunctuation(tokens[next]) && tokens[next] !== '?') next += 1;
  return next;
}

/** Whether a request begins at an index: a question, a sentence with a pronoun, a verb of request, or a further frame. */
function startsRequest(tokens: readonly string[], index: number, language: Language): boolean {
  const { frames } = language;
  const first = tokens[index];
  return (
    startsQuestion(tokens, index, language) ||
    has(language.pronouns, first) ||
    has(frames.requestVerbs, first) ||
    has(frames.courtesy, first) ||
    has(frames.joiners, first) ||
    has(frames.hesitations, first) ||
    longestMatch(tokens, index, frames.openings) > 0 ||
    longestMatch(tokens, index, frames.requests) > 0 ||
    startsFirstPhrase(tokens, index, language)
  );
}

/** Whether a phrase before a question begins at an index, such as "in the app, how". */
function startsFirstPhrase(tokens: readonly string[], index: number, language: Language): boolean {
  const { prepositions, purpose } = language.wordOrder;
  if (!has(prepositions, tokens[index]) && !has(purpose, tokens[index])) return false;
  const comma = tokens.indexOf(',', index);
  return comma > 0 && startsQuestion(tokens, comma + 1, language);
}

/** Returns the index after an opening, or the same index if none is certain. */
function afterOpening(tokens: readonly string[], index: number, language: Language): number {
  const { frames } = language;
  const length = longestMatch(tokens, index, frames.openings);
  if (length === 0) return index;
  const end = index + length;
  const next = skipPunctuation(tokens, end);
  if ((next > end || isPunctuation(tokens[end - 1])) && startsRequest(tokens, next, language)) return next;
  if (!has(frames.bareOpenings, tokens[end - 1])) return index;
  const further = longestMatch(tokens, end, frames.openings) > 0 || has(frames.hesitations, tokens[end]);
  return further || startsPlainQuestion(tokens, end, language) ? end : index;
}

/** Whether a word cannot begin a request, and so belongs to the word before it. */
function hasObjectAt(tokens: readonly string[], index: number, language: Language): boolean {
  return has(language.functionWords, tokens[index]) && !startsQuestion(tokens, index, language);
}

/** Returns the index after a request for an answer, a courtesy or a hesitation, or the same index. */
function afterRequest(tokens: readonly string[], index: number, language: Language): number {
  const { frames } = language;
  const length = longestMatch(tokens, index, frames.requests);
  if (length > 0) {
    const next = skipPunctuation(tokens, index + length);
    return has(frames.requested, tokens[next]) ? next : index;
  }
  const next = skipPunctuation(tokens, index + 1);
  if (has(frames.courtesy, tokens[index])) {
    // "please my boss" and "please them" have an object
    return tokens[next] === undefined || hasObjectAt(tokens, next, language) ? index : next;
  }
  if (!has(frames.hesitations, tokens[index])) return index;
  const further = has(frames.hesitations, tokens[next]) || longestMatch(tokens, next, frames.openings) > 0;
  return further || startsPlainQuestion(tokens, next, language) ? next : index;
}

/** Removes the polite words before a request. */
export function removeOpenings(tokens: string[], language: Language): void {
  let start = 0;
  for (;;) {
    let next = afterOpening(tokens, start, language);
    if (start > 0 && next === start && has(language.frames.joiners, tokens[start])) next = skipPunctuation(tokens, start + 1);
    if (next === start) next = afterRequest(tokens, start, language);
    if (next === start) break;
    start = next;
  }
  if (start > 0) tokens.splice(0, start);
}

/** Removes a closing at the end of the tokens. Returns whether there was one. */
function removeClosing(tokens: string[], list: readonly string[][], language: Language): boolean {
  let length = 0;
  for (const sequence of list) {
    const start = tokens.length - sequence.length;
    if (sequence.length > length && start > 0 && longestMatch(tokens, start, [sequence]) > 0) length = sequence.length;
  }
  if (length === 0) return false;
  const before = tokens[tokens.length - length - 1];
  const broken = isPunctuation(before);
  if (!broken && (list === language.frames.brokenClosings || has(language.functionWords, before))) return false;
  if (!broken && has(language.frames.keepClosingAfter, before)) return false;
  tokens.length -= length;
  return true;
}

/** Removes thanks and punctuation at the end. Returns whether the last sentence had a question mark. */
export function removeClosings(tokens: string[], language: Language): boolean {
  let question = false;
  for (;;) {
    while (isPunctuation(tokens.at(-1))) question = tokens.pop() === '?' || question;
    const { closings, brokenClosings } = language.frames;
    if (removeClosing(tokens, closings, language)) continue;
    if (!removeClosing(tokens, brokenClosings, language)) return question;
  }
}

/** Removes hesitations and courtesy inside a question: "can i um order", "could you please send". */
export function removeInnerFrames(tokens: string[], language: Language): void {
  const { frames } = language;
  for (let index = 1; index < tokens.length - 1; index++) {
    const token = tokens[index];
    const isHesitation = has(frames.hesitations, token);
    if (!isHesitation && !has(frames.courtesy, token)) continue;
    if (!has(language.pronouns, tokens[index - 1])) continue;
    const auxiliary = tokens[index - 2];
    if (!has(language.auxiliaries, auxiliary) || (!isHesitation && index !== 2)) continue;
    const next = tokens[index + 1];
    if ((has(language.functionWords, next) && !has(language.auxiliaries, next)) || isPunctuation(next)) continue;
    tokens.splice(index, 1);
    index -= 1;
  }
}
