/** What the guards need to know of a language, as data. */
export interface GuardLanguage {
  /** Number words, with their values in digits. */
  readonly numbers: ReadonlyMap<string, string>;
  /** Units and currencies, with one spelling for each. */
  readonly units: ReadonlyMap<string, string>;
  readonly months: readonly string[];
  readonly weekdays: readonly string[];
  /** Months, weekdays and their short forms that are words too. They are dates only with a capital inside a sentence. */
  readonly ambiguousDates: ReadonlySet<string>;
  /** Words for a time: "today", "weekly". */
  readonly times: ReadonlySet<string>;
  readonly negations: ReadonlySet<string>;
  /** The opposites of each word that has some. */
  readonly opposites: ReadonlyMap<string, readonly string[]>;
  /** Opposites without content of their own. */
  readonly weakOpposites: ReadonlySet<string>;
  /** Prefixes that turn a word into its opposite. */
  readonly negativePrefixes: readonly string[];
  /** Words that give the words after them a place in a relation: "from", "to", "than". */
  readonly directions: ReadonlySet<string>;
  /** Groups of words that may replace each other. */
  readonly synonyms: readonly (readonly string[])[];
  /** Words without content. */
  readonly empty: ReadonlySet<string>;
}
