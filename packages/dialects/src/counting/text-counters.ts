/** About how many tokens a text is. */
export type TextCounter = (text: string) => number;

/** What tokenizers take of English and code, and of scripts whose letters are longer in UTF-8, a little on the safe side. */
const BYTES_A_TOKEN = 3.5;
/** What they take of what they are worst at: numbers, JSON, identifiers. */
const BYTES_A_TOKEN_AT_WORST = 2.5;

/** What a text is, by its length. */
export const byLength: TextCounter = (text) => Buffer.byteLength(text) / BYTES_A_TOKEN;

/** What a text is at the most, by its length. */
export const atMostByLength: TextCounter = (text) => Buffer.byteLength(text) / BYTES_A_TOKEN_AT_WORST;
