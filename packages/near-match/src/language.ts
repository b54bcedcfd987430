/** A sequence of words and its replacement. */
export interface Phrase {
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** The phrase is not replaced if one of these words follows. */
  readonly unlessBefore?: ReadonlySet<string>;
  /** The phrase is not replaced if the text has one of these words. */
  readonly unlessWith?: ReadonlySet<string>;
}

/** The polite words around a question. Each list is removed only at an end of the text (frames.ts). */
export interface Frames {
  /** Greetings and remarks. Removed before punctuation and the start of a request, such as "hello, ". */
  readonly openings: readonly string[][];
  /** Openings that are also removed without punctuation, before an unmistakable question. */
  readonly bareOpenings: ReadonlySet<string>;
  /** Sounds of hesitation. Also removed between a pronoun or auxiliary and a verb. */
  readonly hesitations: ReadonlySet<string>;
  /** Conjunctions that are removed only after an opening, such as "but" in "sorry, but how …". */
  readonly joiners: ReadonlySet<string>;
  /** Requests for an answer. Removed before a word of `requested`, such as "tell me" before "how". */
  readonly requests: readonly string[][];
  /** Question words after a request. Without "when": "tell me when my order arrives" asks for a notification. */
  readonly requested: ReadonlySet<string>;
  /** Words such as "please", removed at the start, and after a request to a person. */
  readonly courtesy: ReadonlySet<string>;
  /** Thanks. Removed at the end, also without punctuation. */
  readonly closings: readonly string[][];
  /** Closings that have other senses, such as "cheers". Removed only after punctuation. */
  readonly brokenClosings: readonly string[][];
  /** A closing without punctuation stays after these words, such as "say" in "how do I say thanks". */
  readonly keepClosingAfter: ReadonlySet<string>;
  /** Verbs that begin a request, such as "show". */
  readonly requestVerbs: ReadonlySet<string>;
}

/** What the rule of word order needs (word-order.ts). */
export interface WordOrder {
  /** Prepositions of phrases that may be first, such as "in the shower, …". */
  readonly prepositions: ReadonlySet<string>;
  /** The word of a purpose, such as "to" in "to open an account, what do I need?". */
  readonly purpose: ReadonlySet<string>;
  /** Last words of a question that a purpose may follow. */
  readonly beforePurpose: ReadonlySet<string>;
  /** Words that make the order matter: subordination, focus, events that are reported, persons. */
  readonly orderMatters: ReadonlySet<string>;
  /** Matches words that are participles, which attract the phrase after them. */
  readonly participle: RegExp;
}

/** The rules of a language, as data. docs/near-match.md describes how to add a language. */
export interface Language {
  readonly code: string;
  readonly questionWords: ReadonlySet<string>;
  readonly auxiliaries: ReadonlySet<string>;
  readonly pronouns: ReadonlySet<string>;
  /** Articles, possessives and demonstratives. */
  readonly determiners: ReadonlySet<string>;
  readonly negations: ReadonlySet<string>;
  /** All words without content: the sets above, prepositions, conjunctions, negation, quantities. */
  readonly functionWords: ReadonlySet<string>;
  /** Words that hardly any other language has. A text without them is not of this language. */
  readonly evidence: ReadonlySet<string>;
  /** Words that are the subject of a question about language. A text with them has no normal form. */
  readonly wordTasks: ReadonlySet<string>;
  /** Words after which a name or a password may follow, in which no typing error is believed. */
  readonly naming: ReadonlySet<string>;
  /** Words with another sense in other case, such as "polish" and "us". They keep their case. */
  readonly caseSensitive: ReadonlySet<string>;
  /** Further words that keep a capital inside a sentence, as common words do, because they are also names: "next". */
  readonly alsoNames: ReadonlySet<string>;
  /** Nouns with an irregular plural: "childs" is a possessive without its apostrophe, and no plural. */
  readonly irregularNouns: ReadonlySet<string>;
  /** Names with a capital inside a word that are no identifiers. */
  readonly brands: ReadonlySet<string>;
  readonly contractions: ReadonlyMap<string, readonly string[]>;
  /** Spelling variants and agreement of person: a word and its replacement. */
  readonly replacements: ReadonlyMap<string, string>;
  /** The frequent words in which a typing error is believed (typing-errors.ts). */
  readonly commonWords: readonly string[];
  /** Words and names that are one error from a common word, and are none. */
  readonly lookalikes: ReadonlySet<string>;
  readonly frames: Frames;
  /** Replaced at the start of a question. */
  readonly startPhrases: readonly Phrase[];
  /** Replaced everywhere. */
  readonly phrases: readonly Phrase[];
  /** Auxiliaries without sense after a question word, such as "do" in "how do I". */
  readonly emptyAuxiliaries: ReadonlySet<string>;
  /** Question words after which an empty auxiliary is removed before any subject. */
  readonly adverbialQuestionWords: ReadonlySet<string>;
  /** Question words after which an empty auxiliary is removed only before a pronoun. */
  readonly nominalQuestionWords: ReadonlySet<string>;
  /** Words that belong to a question word, such as "long" in "how long". */
  readonly measures: ReadonlySet<string>;
  readonly wordOrder: WordOrder;
}

/** Returns the set of the words in a text, which blanks separate. */
export function wordSet(text: string): ReadonlySet<string> {
  return new Set(wordList(text));
}

/** Returns the words in a text, which blanks separate. */
export function wordList(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** Returns a list of word sequences from a text, which commas separate. */
export function sequences(text: string): string[][] {
  return text.split(',').map(wordList);
}

/** Returns a map from a text of pairs "word:replacement", which blanks separate. */
export function wordMap(text: string): Map<string, string> {
  return new Map(wordList(text).map((pair) => pair.split(':') as [string, string]));
}
