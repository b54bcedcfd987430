import { describe, expect, it } from '@jest/globals';
import { type Column, csv, dollars, table } from './output.ts';

interface Row {
  readonly name: string;
  readonly count: number | null;
}

const COLUMNS: readonly Column<Row>[] = [
  ['NAME', ({ name }) => name],
  ['COUNT', ({ count }) => count],
];

describe('command output', () => {
  it('aligns rows in columns, with numbers to the right', () => {
    const rows = [
      { name: 'a', count: 5 },
      { name: 'longer', count: 1234 },
      { name: 'none', count: null },
    ];
    expect(table(rows, COLUMNS).split('\n')).toEqual(['NAME    COUNT', 'a           5', 'longer   1234', 'none        -']);
  });

  it('escapes names that a terminal or a spreadsheet would execute', () => {
    const rows = [{ name: '\u001b[2Ja\u0007\n=x', count: 1 }];
    expect(table(rows, COLUMNS)).toContain('?[2Ja??=x');
    expect(csv([{ name: '=x', count: null }], COLUMNS)).toBe("NAME,COUNT\n'=x,");
  });

  it.each([
    [0, '0.00'],
    [12.345, '12.35'],
    [0.25, '0.25'],
    [0.000_000_5, '0.0000005'],
    [null, undefined],
  ])('formats %j dollars as %s', (amount, text) => {
    expect(dollars(amount)).toBe(text);
  });
});
