import { atMostByLength, type TextCounter } from './text-counters.ts';

/**
 * Longest run without spaces. The tokenizer's time is quadratic in the length of a run: seconds for 100 KB. A longer run is
 * split, which adds at most one token per piece.
 */
const LONGEST_RUN = 64;
const LONG_RUN = new RegExp(`\\S{${LONGEST_RUN + 1},}`, 'g');
const PIECE = new RegExp(`\\S{${LONGEST_RUN}}(?=\\S)`, 'gu');

/**
 * Longest text that is counted completely. Of a longer text only parts are counted, and their density is used for the whole.
 */
const COUNTED_WHOLE = 16_384;
const PARTS = 8;
const PART = 2_048;
/** Factor by which the parts may be less dense than the rest. */
const MARGIN = 1.05;

let tokenizer: TextCounter | undefined;
let loading: Promise<void> | undefined;

/**
 * Loads the tokenizer of OpenAI's models: about 35 MB, and 0.1 s during which the event loop is blocked. Until then, texts are
 * estimated by their length.
 */
export function loadOpenAiTokenizer(): Promise<void> {
  loading ??= import('gpt-tokenizer/encoding/o200k_base').then(({ countTokens }) => {
    // special tokens in a client's text are ordinary text
    tokenizer = (text) => countTokens(text, { allowedSpecial: new Set(), disallowedSpecial: new Set() });
  });
  return loading;
}

/** Counts a text's tokens for OpenAI's models (o200k). The count is exact, except for long texts and texts without spaces. */
export const openAiTokens: TextCounter = (text) => {
  if (tokenizer === undefined) return atMostByLength(text);
  if (text.length <= COUNTED_WHOLE) return tokenizer(cut(text));
  let counted = 0;
  for (let n = 0; n < PARTS; n++) {
    const begin = Math.floor(((text.length - PART) / (PARTS - 1)) * n);
    counted += tokenizer(cut(text.slice(begin, begin + PART)));
  }
  return Math.ceil((counted / (PARTS * PART)) * text.length * MARGIN);
};

const cut = (text: string): string => text.replace(LONG_RUN, (run) => run.replace(PIECE, '$& '));
