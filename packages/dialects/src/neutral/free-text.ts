import { isObject, type JsonObject, parseJson } from './read-json.ts';

/** Schema of a custom tool that is offered as a function: one text argument. */
export const FREE_TEXT_SCHEMA: JsonObject = {
  type: 'object',
  properties: { input: { type: 'string', description: 'The complete input of the tool, as plain text.' } },
  required: ['input'],
  additionalProperties: false,
};

/** Writes the free text of a custom call as arguments of a function. */
export const argumentsOfText = (input: string): string => JSON.stringify({ input });

/** Beginning and end of the arguments of a free text that arrives in pieces. */
export const TEXT_BEGIN = '{"input":"';
export const TEXT_END = '"}';
/** Writes a piece of a free text as a piece of a function's arguments. A half of a surrogate pair becomes an escape. */
export const textPiece = (text: string): string => JSON.stringify(text).slice(1, -1);

const BEGIN = /^\s*\{\s*"input"\s*:\s*"/;
/** Length after which a text without this beginning counts as another form. */
const LONGEST_BEGIN = 256;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

const unescaped = (text: string): string =>
  text.replace(/\\(u[\da-fA-F]{4}|[\s\S])/g, (_, letter: string) =>
    letter.length === 5 ? String.fromCharCode(Number.parseInt(letter.slice(1), 16)) : (ESCAPES[letter] ?? letter),
  );

const isHighSurrogate = (letter: number): boolean => letter >= 0xd800 && letter <= 0xdbff;

/** Decodes the free text of a custom call from a function's arguments while they arrive. Control characters may be unescaped. */
export class FreeTextReader {
  #state: 'before' | 'within' | 'after' | 'other' = 'before';
  /** Text that cannot be decoded yet: the beginning, a partial escape, or all of another form. */
  #held = '';
  #pair = '';

  /** Returns the text that a piece adds. */
  read(piece: string): string {
    if (this.#state === 'after') return '';
    this.#held += piece;
    if (this.#state === 'before') {
      const begin = BEGIN.exec(this.#held);
      if (begin !== null) {
        this.#state = 'within';
        this.#held = this.#held.slice(begin[0].length);
      } else if (this.#held.length > LONGEST_BEGIN) this.#state = 'other';
    }
    return this.#state === 'within' ? this.#decode() : '';
  }

  /** Returns the held-back text at the end. */
  end(): string {
    const { state, held } = { state: this.#state, held: this.#held };
    this.#state = 'after';
    this.#held = '';
    return state === 'before' || state === 'other' ? textOfOther(held) : this.#pair;
  }

  #decode(): string {
    const text = this.#held;
    let at = 0;
    while (at < text.length) {
      const letter = text.charCodeAt(at);
      if (letter === QUOTE) {
        this.#state = 'after';
        break;
      }
      const length = letter !== BACKSLASH ? 1 : text[at + 1] === 'u' ? 6 : 2;
      if (at + length > text.length) break;
      at += length;
    }
    this.#held = this.#state === 'after' ? '' : text.slice(at);
    const decoded = this.#pair + unescaped(text.slice(0, at));
    const isCut = this.#state !== 'after' && isHighSurrogate(decoded.charCodeAt(decoded.length - 1));
    this.#pair = isCut ? decoded.slice(-1) : '';
    return isCut ? decoded.slice(0, -1) : decoded;
  }
}

/**
 * Reads the free text of a custom call from a function's arguments. Models may choose another name, or write the text itself.
 */
export function freeText(text: string): string {
  const reader = new FreeTextReader();
  return reader.read(text) + reader.end();
}

function textOfOther(text: string): string {
  const value = parseJson(text);
  if (typeof value === 'string') return value;
  if (!isObject(value)) return text;
  const { input } = value;
  if (typeof input === 'string') return input;
  const members = Object.values(value);
  if (members.length === 0) return '';
  const [only] = members;
  if (members.length === 1 && typeof only === 'string') return only;
  return input === undefined ? text : JSON.stringify(input);
}
