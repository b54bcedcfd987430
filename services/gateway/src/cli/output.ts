import Table from 'cli-table3';
import { stringify } from 'csv-stringify/sync';

export type Cell = string | number | boolean | null | undefined;
/** A column's heading, and the function for its cells. */
export type Column<Row> = readonly [heading: string, cell: (row: Row) => Cell];

const PLAIN = ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'];
const INNER = ['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'];
const NO_BORDERS = Object.fromEntries([...PLAIN, ...INNER].map((part) => [part, '']));

/** Replaces control characters, which a terminal could interpret: clients choose names. */
const printable = (text: string): string => text.replace(/\p{Cc}/gu, '?');

const isNumber = (cell: Cell): boolean =>
  typeof cell === 'number' || (typeof cell === 'string' && /^[\d.,]+( ?%| ms)?$/.test(cell));

/** Returns rows as a table, with numbers aligned to the right. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) => columns.map(([, cell]) => cell(row)));
  const made = new Table({
    head: columns.map(([heading]) => heading),
    chars: { ...NO_BORDERS, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: columns.map((_, n) =>
      cells.length > 0 && cells.every((row) => row[n] === null || row[n] === undefined || isNumber(row[n] as Cell))
        ? 'right'
        : 'left',
    ),
  });
  made.push(...cells.map((row) => row.map((cell) => printable(cell === null || cell === undefined ? '-' : String(cell)))));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Returns rows as CSV, with formulas escaped for spreadsheets. */
export function csv<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const lines = rows.map((row) => columns.map(([, cell]) => cell(row) ?? ''));
  return stringify([columns.map(([heading]) => heading), ...lines], { escape_formulas: true }).trimEnd();
}

/** Formats dollars to the cent, or with more digits for small amounts. */
export function dollars(amount: unknown): string | undefined {
  if (typeof amount !== 'number') return undefined;
  return amount === 0 || amount >= 1 ? amount.toFixed(2) : amount.toFixed(9).replace(/(\.\d\d\d*?)0+$/, '$1');
}

export const date = (ms: unknown): string | undefined =>
  typeof ms === 'number' ? new Date(ms).toISOString().slice(0, 16).replace('T', ' ') : undefined;

export const percent = (share: unknown): string | undefined =>
  typeof share === 'number' ? `${(share * 100).toFixed(1)} %` : undefined;
