// Test titles must read alone: in a CI log the title is all that a reader sees.
import { readFileSync } from 'node:fs';
import { lineAt } from './files.mjs';

const TITLE = /(?<!\.)\b(?:it|test)(?:\.(?:only|skip|failing))?(?:\.each\([^)]*\))?\(\s*(['"`])(.+?)\1/g;
/** Words that end in "s" like a verb in the third person, and are none. */
const NOT_VERBS = new Set(['is', 'was', 'its', 'this', 'less', 'always', 'goes', 'comes', 'stands', 'hears', 'says', 'tells']);
const OTHER_VERBS = new Set(['should', 'can', 'cannot', 'must', 'may']);
const ADVERBS = new Set(['never', 'always', 'only', 'not', 'no', 'longer', 'still', 'also', 'atomically', 'safely']);

/** Whether a title begins with a verb in the third person, or "should". Titles that begin with a placeholder are their rows' matter. */
function beginsWithVerb(title) {
  if (/^[%$]/.test(title)) return true;
  const words = title.replace(/^[A-Z]\d\d[a-z]?(, [A-Z]\d\d[a-z]?)*: /, '').split(/[ ,:]/);
  const word = words.find((candidate) => !ADVERBS.has(candidate)) ?? '';
  return OTHER_VERBS.has(word) || (/^[a-z-]+s$/.test(word) && !NOT_VERBS.has(word));
}

/** Returns a problem per test title that does not begin with a verb. */
export function checkTitles(files) {
  return files
    .filter((file) => /\.(test|contract)\.ts$/.test(file))
    .flatMap((file) => {
      const source = readFileSync(file, 'utf8');
      return [...source.matchAll(TITLE)]
        .filter(([, , title]) => !beginsWithVerb(title))
        .map(
          ({ 2: title, index }) =>
            `${file}:${lineAt(source, index)}: begin the title with a verb ("refuses …", "should …"): ${title}`,
        );
    });
}
