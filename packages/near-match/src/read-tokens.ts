import { casingOf, foldWord, type Reading } from './fold-word.ts';
import type { Language } from './language.ts';

/** The most tokens of a text with a normal form. */
const MAX_TOKENS = 300;
const WORD = /^[A-Za-z]+(?:[-'][A-Za-z]+)*'?$/;
/** Words of other alphabets. They keep their case: its rules depend on the language. */
const FOREIGN_WORD = /^[\p{L}\p{M}]+(?:[-'][\p{L}\p{M}]+)*'?$/u;
/** Numbers with units, versions, dates, order numbers. */
const WITH_DIGIT = /^(?=.*\d)[-+$€£¥]?[\p{L}\p{M}\d.,:/%°$€£¥_'+#-]+$/u;
/** C++, C#, F#. */
const WITH_SIGN = /^[A-Za-z]+[+#]+$/;
/** Addresses, paths, handles, flags, dotted and underscored names. */
const REFERENCE = /^(?:\S+:\/\/\S+|[@#/~.-][^\s"'`<>{}|^]+|[\p{L}\p{M}\d]+[@/\\_.][^\s"'`<>{}|^]*)$/u;
const DASH = /^(?:--?|[–—])$/;
const QUOTES = new Set(['"', "'", '`']);
const PUNCTUATION = new Set([',', '.', '?', '!', ';', ':', ')']);

/** Returns whether a token is punctuation of the text. */
export function isPunctuation(token: string | undefined): boolean {
  return token === ',' || token === '.' || token === '?' || token === ';' || token === '-' || token === ':';
}

/** Appends a punctuation mark. A run of marks is one mark: a question mark if it has one. */
function addMark(tokens: string[], mark: string): void {
  const token = mark === '!' ? '.' : mark;
  const last = tokens.at(-1);
  if (token === last) return;
  if (token === '?' && last === '.') tokens[tokens.length - 1] = token;
  else if (token !== '.' || last !== '?') tokens.push(token);
}

/** Reads text without blanks and quotes. Returns whether its meaning is certain. */
function readChunk(reading: Reading, chunk: string, language: Language): boolean {
  const { tokens } = reading;
  let start = 0;
  let end = chunk.length;
  while (end > 0 && PUNCTUATION.has(chunk.charAt(end - 1))) end -= 1;
  if (end > 0 && chunk.startsWith('(')) {
    tokens.push('(');
    start = 1;
  }
  if (start < end) {
    const core = chunk.slice(start, end);
    if (WORD.test(core)) {
      if (!foldWord(reading, core, language)) return false;
    } else if (core === '&' || WITH_DIGIT.test(core) || WITH_SIGN.test(core) || FOREIGN_WORD.test(core)) tokens.push(core);
    else if (DASH.test(core)) addMark(tokens, '-');
    else if (REFERENCE.test(core)) tokens.push(core);
    else return false;
  }
  for (let index = end; index < chunk.length; index++) addMark(tokens, chunk.charAt(index));
  return true;
}

/** Reads a quoted span, which stays as it is. Returns the index after it, or -1 if it has no end. */
function readQuote(tokens: string[], text: string, start: number): number {
  const quote = text.charAt(start);
  let end = text.indexOf(quote, start + 1);
  // an apostrophe inside a word does not end a span in single quotes
  while (quote === "'" && end >= 0 && /[A-Za-z]/.test(text.charAt(end + 1))) end = text.indexOf(quote, end + 1);
  if (end < 0 || end === start + 1) return -1;
  tokens.push(text.slice(start, end + 1));
  return end + 1;
}

/** Whether no corrected word may be a name, and no text is about both spellings of a word. */
function correctionsAreCertain({ tokens, corrected }: Reading, language: Language): boolean {
  if (corrected.length === 0) return true;
  if (tokens.some((token) => language.naming.has(token))) return false;
  return corrected.every((word) => tokens.indexOf(word) === tokens.lastIndexOf(word));
}

/**
 * Returns the tokens of a cleaned text: words in lower case with their variants replaced, other tokens as they are, and
 * punctuation. Undefined if a part of the text could be code, a formula or an image.
 */
export function readTokens(text: string, language: Language): string[] | undefined {
  const reading: Reading = { tokens: [], corrected: [], casing: casingOf(text) };
  const { tokens } = reading;
  let index = 0;
  while (index < text.length) {
    if (tokens.length > MAX_TOKENS) return undefined;
    if (text.charAt(index) === ' ') {
      index += 1;
    } else if (QUOTES.has(text.charAt(index))) {
      index = readQuote(tokens, text, index);
      if (index < 0) return undefined;
      const next = text.charAt(index);
      if (next !== '' && next !== ' ' && !PUNCTUATION.has(next)) return undefined;
    } else {
      let end = text.indexOf(' ', index);
      if (end < 0) end = text.length;
      if (!readChunk(reading, text.slice(index, end), language)) return undefined;
      index = end;
    }
  }
  return tokens.length <= MAX_TOKENS && correctionsAreCertain(reading, language) ? tokens : undefined;
}
