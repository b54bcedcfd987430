import type { Evaluation, RuleResult } from './evaluate.ts';
import type { Proportion } from './proportion.ts';

/** Lines with errors that are printed per rule; `--json` has all. */
const MAX_LINES = 10;

const NAMES: Readonly<Record<RuleResult['rule'], string>> = {
  near: 'near',
  guards: 'guards, any similarity',
  similarity: 'similarity alone',
  semantic: 'guards and similarity',
};

const HEADINGS = ['rule', 'hits', 'hit rate', '95 %', 'errors', 'error rate', '95 %', 'at most'];

/** Returns the evaluation as text: a table of the rules, then the vetoes and the lines with errors. */
export function reportText({ pairs, rules, vetoes }: Evaluation): string {
  const rows = [HEADINGS, ...rules.map(rowOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0))));
  return [
    `${pairs.same} pairs with the same answer, ${pairs.different} with different answers`,
    '',
    ...lines.map((cells) => cells.join('  ').trimEnd()),
    '',
    'hits: pairs with the same answer that are served; errors: pairs with different answers that are served',
    '95 %: two-sided interval; at most: one-sided upper limit of the error rate (Clopper-Pearson)',
    ...vetoText(vetoes),
    ...rules.flatMap(wrongText),
  ].join('\n');
}

function rowOf({ rule, threshold, hits, errors }: RuleResult): string[] {
  const name = threshold === undefined ? NAMES[rule] : `${NAMES[rule]} >= ${threshold.toFixed(2)}`;
  return [name, ...cellsOf(hits), ...cellsOf(errors), percent(errors.atMost)];
}

const cellsOf = ({ count, of, share, low, high }: Proportion): string[] => [
  `${count} of ${of}`,
  share === undefined ? '-' : percent(share),
  `${percent(low)} to ${percent(high)}`,
];

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function vetoText(vetoes: Evaluation['vetoes']): string[] {
  if (vetoes.length === 0) return [];
  const sorted = vetoes.toSorted((x, y) => y.same + y.different - x.same - x.different);
  const reasons = sorted.map(({ reason, same, different }) => `${reason} ${same}/${different}`);
  return ['', `refused by the guards, same/different: ${reasons.join(', ')}`];
}

function wrongText({ rule, threshold, wrongLines }: RuleResult): string[] {
  // the rules with a threshold serve fewer of the same lines
  if (threshold !== undefined || wrongLines.length === 0) return [];
  const more = wrongLines.length > MAX_LINES ? `, and ${wrongLines.length - MAX_LINES} more` : '';
  return [`errors of ${NAMES[rule]}: lines ${wrongLines.slice(0, MAX_LINES).join(', ')}${more}`];
}
