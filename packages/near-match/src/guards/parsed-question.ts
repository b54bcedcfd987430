import { englishGuards } from '../languages/english-guards.ts';
import type { GuardLanguage } from './guard-language.ts';
import { stem } from './stem.ts';

/** The parts of a question that must be equal in another one. */
export interface ParsedQuestion {
  /** Numbers, units, dates and times, as a set in alphabetical order. */
  readonly numbers: readonly string[];
  /** Identifiers and quoted or literal texts, in alphabetical order. */
  readonly literals: readonly string[];
  /** Words with a capital inside a sentence, and words of capitals. */
  readonly names: readonly string[];
  readonly words: readonly string[];
  readonly stems: ReadonlySet<string>;
  /** Words with content. */
  readonly content: readonly string[];
  readonly negations: number;
  /** Numbers, identifiers and stems in their order. */
  readonly order: readonly string[];
}

/** Code, quotations, addresses, paths, files, handles, versions. */
const LITERALS: readonly RegExp[] = [
  /```[\s\S]*?```|`[^`]*`/g,
  /"[^"]{1,200}"/g,
  /(?<![\p{L}\p{N}])'[^'\n]{2,200}'(?![\p{L}\p{N}])/gu,
  /\b\w+:\/\/\S+/g,
  /[\w.+-]+@[\w-]+\.[\w.-]+/g,
  /(?:^|\s)[~.]?\/[\w./-]+/g,
  /\b[\w-]+\.(?:js|ts|py|go|rs|java|json|ya?ml|md|txt|csv|pdf|docx?|xlsx?|png|jpe?g|com|org|net|io|dev)\b/gi,
  /#\w+|@\w+/g,
  /\bv?\d+(?:\.\d+){2,}\b/g,
];
const TOKEN = /[$€£%]|\d+(?:[.,:/]\d+)*|[\p{L}\p{N}_]+(?:['.&+-][\p{L}\p{N}_]+)*[+#]*|[.?!;:\n]|[<>=]+/gu;
const SENTENCE_END = /^[.?!;:\n]$/;
const SIGN = /^[$€£%]$|^[<>=]+$/;
const NUMBER = /^\d[\d.,:/]*$/;
const WITH_UNIT = /^(\d+(?:[.,]\d+)*)([a-z]{1,4})$/;
const ORDINAL = /^(?:st|nd|rd|th)$/;
const IDENTIFIER = /(?=.*\d)(?=.*\p{L})|_|[a-z][A-Z]|[+#]$/u;
const INVISIBLE = /[\u200b-\u200f\u2060\ufeff\u00ad]/g;

/** Returns the parts of a question. */
export function parseQuestion(text: string, language: GuardLanguage = englishGuards): ParsedQuestion {
  return new QuestionReader(language).read(text);
}

class QuestionReader {
  readonly #language: GuardLanguage;
  readonly #numbers = new Set<string>();
  readonly #literals: string[] = [];
  readonly #names: string[] = [];
  readonly #words: string[] = [];
  readonly #order: string[] = [];

  constructor(language: GuardLanguage) {
    this.#language = language;
  }

  read(text: string): ParsedQuestion {
    const rest = this.#takeLiterals(text.normalize('NFKC').replace(INVISIBLE, '').replace(/[‘’ʼ]/g, "'").replace(/[“”]/g, '"'));
    let startsSentence = true;
    for (const [token] of rest.matchAll(TOKEN)) {
      if (SENTENCE_END.test(token)) startsSentence = true;
      else {
        this.#take(token, startsSentence);
        startsSentence = false;
      }
    }
    const { empty, negations, opposites, weakOpposites } = this.#language;
    const words = this.#words;
    return {
      numbers: [...this.#numbers].sort(),
      literals: this.#literals.sort(),
      names: this.#names,
      words,
      stems: new Set(words.map(stem)),
      content: words.filter((word) =>
        opposites.has(word) && !weakOpposites.has(word) ? true : !empty.has(word) && !negations.has(word),
      ),
      negations: words.filter((word) => negations.has(word)).length,
      order: this.#order,
    };
  }

  #takeLiterals(text: string): string {
    let rest = text;
    for (const pattern of LITERALS) {
      rest = rest.replace(pattern, (literal) => {
        this.#literals.push(literal.trim().toLowerCase());
        return ' ';
      });
    }
    return rest;
  }

  #take(token: string, startsSentence: boolean): void {
    const lower = token.toLowerCase().replace(/'s$/, '').replaceAll("'", '');
    if (SIGN.test(token)) this.#numbers.add(`unit ${this.#language.units.get(token) ?? token}`);
    else if (NUMBER.test(token)) this.#number(decimal(token));
    else if (!this.#measure(lower) && !this.#date(token, lower, startsSentence)) this.#word(token, lower, startsSentence);
  }

  #number(value: string): void {
    this.#numbers.add(`number ${value}`);
    this.#order.push(value);
  }

  /** A number with its unit (`10kg`), a number word, or a unit. */
  #measure(lower: string): boolean {
    const { numbers, units } = this.#language;
    const [, value, unit = ''] = WITH_UNIT.exec(lower) ?? [];
    if (value !== undefined && (units.has(unit) || ORDINAL.test(unit) || /^(?:am|pm|k|x)$/.test(unit))) {
      this.#number(decimal(value));
      if (!ORDINAL.test(unit)) this.#numbers.add(`unit ${units.get(unit) ?? unit}`);
      return true;
    }
    const number = numbers.get(lower);
    if (number !== undefined) this.#number(number);
    const named = units.get(lower);
    if (named !== undefined) this.#numbers.add(`unit ${named}`);
    return number !== undefined || named !== undefined;
  }

  #date(token: string, lower: string, startsSentence: boolean): boolean {
    const { months, weekdays, ambiguousDates, times } = this.#language;
    if (times.has(lower)) this.#numbers.add(`time ${lower.replace(/(?:s|ly)$/, '')}`);
    const isName = !startsSentence && /^\p{Lu}/u.test(token);
    if (ambiguousDates.has(lower) && !isName) return times.has(lower);
    const month = months.findIndex((name) => name === lower || name.slice(0, 3) === lower);
    const day = weekdays.findIndex((name) => name === lower || `${name}s` === lower || name.slice(0, 3) === lower);
    if (month !== -1) this.#number(`month ${month}`);
    if (day !== -1) this.#number(`day ${day}`);
    return month !== -1 || day !== -1 || times.has(lower);
  }

  #word(token: string, lower: string, startsSentence: boolean): void {
    const parts = lower.split('-');
    const isCompound = parts.length > 1 && parts.some((part) => this.#language.numbers.has(part) || /^\d+$/.test(part));
    if (isCompound) {
      for (const part of parts) this.#take(part, startsSentence);
      return;
    }
    if (IDENTIFIER.test(token)) {
      this.#literals.push(lower);
      this.#order.push(lower);
      return;
    }
    const isName = /^\p{Lu}{2,}s?$/u.test(token) || (!startsSentence && /^\p{Lu}/u.test(token));
    if (isName && !/^i(?:m|d|ve|ll)?$/.test(lower)) this.#names.push(lower);
    for (const part of parts) {
      this.#words.push(part);
      this.#order.push(stem(part));
    }
  }
}

/** Returns a number without separators of thousands. */
function decimal(text: string): string {
  return /^\d{1,3}(?:,\d{3})+(?:\.\d+)?$/.test(text) ? text.replaceAll(',', '') : text.replace(',', '.');
}
