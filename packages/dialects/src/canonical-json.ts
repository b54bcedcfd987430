/** Names and indices from the top of a JSON text to a value. */
export type JsonPath = readonly (string | number)[];

export interface CanonicalOptions {
  /** Top-level members that are left out. */
  readonly without?: ReadonlySet<string> | undefined;
  /** The path of a value that is left out. Its name or place stays. */
  readonly cut?: JsonPath | undefined;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const SPACE = 0x20;

const NONE: ReadonlySet<string> = new Set();

/**
 * Returns a form of a JSON text that does not depend on white space and on the order of members (RFC 8785, section 3.2.3). Two
 * texts with the same form have the same value for every parser: unlike in that RFC, numbers and strings keep their spelling, so
 * that `1` and `1.0` differ, and repeated members keep their order.
 *
 * @param bytes JSON, checked by a parser
 * @returns one UTF-16 code unit per byte of the text's UTF-8 form: made to be hashed, not to be shown
 *
 * @example
 * canonicalJson(Buffer.from('{"b": 1, "a": [2]}')); // '{"a":[2],"b":1}'
 */
export function canonicalJson(bytes: Buffer, { without = NONE, cut }: CanonicalOptions = {}): string {
  return new CanonicalText(bytes.toString('latin1')).value(cut, 0, without);
}

/** Reads a JSON text from its start to its end. */
class CanonicalText {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Returns the next value; an empty text for the value that is cut. */
  value(cut: JsonPath | undefined, depth: number, without: ReadonlySet<string>): string {
    this.#skipSpaces();
    const value = this.#next(cut, depth, without);
    return cut !== undefined && depth === cut.length ? '' : value;
  }

  #next(cut: JsonPath | undefined, depth: number, without: ReadonlySet<string>): string {
    switch (this.#text.charCodeAt(this.#at)) {
      case OPEN_OBJECT:
        return this.#object(cut, depth, without);
      case OPEN_LIST:
        return this.#list(cut, depth);
      case QUOTE:
        return this.#string();
      default:
        return this.#literal();
    }
  }

  #object(cut: JsonPath | undefined, depth: number, without: ReadonlySet<string>): string {
    const members: Member[] = [];
    const onPath = cut === undefined ? undefined : JSON.stringify(cut[depth]);
    let isOrdered = true;
    let isPlain = true;
    this.#at++;
    while (!this.#ends(CLOSE_OBJECT)) {
      const name = this.#string();
      this.#skip(COLON);
      // an escaped name may repeat another one, and only the order says which of them a parser takes
      if (name.includes('\\')) isPlain = false;
      const value = this.value(name === onPath ? cut : undefined, depth + 1, NONE);
      if (without.size > 0 && without.has(name.slice(1, -1))) continue;
      const last = members.at(-1);
      if (last !== undefined && last.name > name) isOrdered = false;
      members.push({ name, value });
    }
    // a stable sort: of repeated members, parsers take the first or the last
    if (!isOrdered && isPlain) members.sort(byName);
    let text = '{';
    for (const { name, value } of members) text += text.length === 1 ? `${name}:${value}` : `,${name}:${value}`;
    return `${text}}`;
  }

  #list(cut: JsonPath | undefined, depth: number): string {
    let text = '[';
    this.#at++;
    for (let index = 0; !this.#ends(CLOSE_LIST); index++) {
      if (index > 0) text += ',';
      text += this.value(cut?.[depth] === index ? cut : undefined, depth + 1, NONE);
    }
    return `${text}]`;
  }

  /** Moves to the next item of a list or object, or over its end. Returns whether it has ended. */
  #ends(end: number): boolean {
    this.#skip(COMMA);
    if (this.#at < this.#text.length && this.#text.charCodeAt(this.#at) !== end) return false;
    this.#at++;
    return true;
  }

  #string(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (end !== -1 && this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1);
    this.#at = end === -1 ? this.#text.length : end + 1;
    return this.#text.slice(start, this.#at);
  }

  #isEscaped(at: number): boolean {
    let escapes = 0;
    while (this.#text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes++;
    return escapes % 2 === 1;
  }

  /** A number, `true`, `false` or `null`. */
  #literal(): string {
    const start = this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code <= SPACE || code === COMMA || code === CLOSE_LIST || code === CLOSE_OBJECT) break;
    }
    return this.#text.slice(start, this.#at);
  }

  #skip(code: number): void {
    this.#skipSpaces();
    if (this.#text.charCodeAt(this.#at) === code) this.#at++;
    this.#skipSpaces();
  }

  #skipSpaces(): void {
    while (this.#text.charCodeAt(this.#at) <= SPACE) this.#at++;
  }
}

interface Member {
  readonly name: string;
  readonly value: string;
}

function byName(a: Member, b: Member): number {
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
