/** Endings and their replacements, the longest first. */
const ENDINGS: readonly (readonly [string, string])[] = [
  ['ations', 'ate'],
  ['ation', 'ate'],
  ['ments', 'ment'],
  ['sses', 'ss'],
  ['ings', ''],
  ['edly', ''],
  ['ies', 'y'],
  ['ing', ''],
  ['ed', ''],
  ['es', ''],
  ['s', ''],
];
const MIN_STEM = 3;
const DOUBLED = /([bdgmnprt])\1$/;

/** Returns a word without its inflection. Two forms of a word usually have one stem, and two words seldom. */
export function stem(word: string): string {
  if (word.length <= MIN_STEM) return word;
  for (const [ending, replacement] of ENDINGS) {
    if (!word.endsWith(ending) || word.length - ending.length < MIN_STEM) continue;
    if (ending === 's' && /(?:ss|us|is)$/.test(word)) continue;
    let left = word.slice(0, -ending.length) + replacement;
    // "planning" has the stem of "plan"
    if (replacement === '' && ending !== 's' && ending !== 'es' && DOUBLED.test(left)) left = left.slice(0, -1);
    return left.endsWith('e') ? left.slice(0, -1) : left;
  }
  return word.endsWith('e') ? word.slice(0, -1) : word;
}
