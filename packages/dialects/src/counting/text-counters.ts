/** Estimates the number of tokens of a text. */
export type TextCounter = (text: string) => number;

/** Bytes per token of English and code, and of scripts with longer letters in UTF-8, with a small safety margin. */
const BYTES_A_TOKEN = 3.5;
/** Bytes per token of the most expensive texts: numbers, JSON, identifiers. */
const BYTES_A_TOKEN_AT_WORST = 2.5;

/** Estimates a text by its length. */
export const byLength: TextCounter = (text) => Buffer.byteLength(text) / BYTES_A_TOKEN;

/** Returns an upper bound for a text by its length. */
export const atMostByLength: TextCounter = (text) => Buffer.byteLength(text) / BYTES_A_TOKEN_AT_WORST;
