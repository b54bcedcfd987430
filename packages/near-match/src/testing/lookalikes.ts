import { readFileSync } from 'node:fs';
import type { Language } from '../language.ts';
import { english } from '../languages/english.ts';
import { eachError } from '../typing-errors.ts';

/** Returns the words of a list that are one typing error from a common word of a language, in the order of the alphabet. */
export function lookalikesIn(words: Iterable<string>, language: Language): string[] {
  const listed = new Set(words);
  const found = new Set<string>();
  eachError(language, (error) => {
    if (listed.has(error)) found.add(error);
  });
  return [...found].sort();
}

// node packages/near-match/src/testing/lookalikes.ts FILE…: prints the lookalikes of English in files with one word per line
if (process.argv[1] === import.meta.filename) {
  const words = process.argv.slice(2).flatMap((file) => readFileSync(file, 'utf8').toLowerCase().split(/\s+/));
  console.log(lookalikesIn(words, english).join(' '));
}
