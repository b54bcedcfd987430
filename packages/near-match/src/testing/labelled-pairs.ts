import { readFileSync } from 'node:fs';

/** Two questions, and the heading that they have in their file. */
export interface LabelledPair {
  readonly kind: string;
  readonly first: string;
  readonly second: string;
}

const SEPARATOR = ' || ';

/** Reads a file of the folder `pairs`: a heading `## kind` before its pairs, and a pair per line. */
export function readPairs(name: 'traps' | 'same-question'): LabelledPair[] {
  const pairs: LabelledPair[] = [];
  let kind = '';
  for (const line of readFileSync(new URL(`../../pairs/${name}.txt`, import.meta.url), 'utf8').split('\n')) {
    const separator = line.indexOf(SEPARATOR);
    if (line.startsWith('## ')) kind = line.slice('## '.length);
    else if (separator > 0) {
      pairs.push({ kind, first: line.slice(0, separator), second: line.slice(separator + SEPARATOR.length) });
    }
  }
  return pairs;
}

/** Groups pairs by their kind. */
export function byKind(pairs: readonly LabelledPair[]): [string, LabelledPair[]][] {
  return [...Map.groupBy(pairs, ({ kind }) => kind)];
}
