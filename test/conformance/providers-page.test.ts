import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { CATALOG } from '@sluice/providers';

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/providers.md', import.meta.url)), 'utf8');
const rows = PAGE.split('\n').filter((line) => line.startsWith('| `'));

it('lists every entry of the catalog in its order on the page of providers', () => {
  expect(rows.map((row) => /`([\w-]+)`/.exec(row)?.[1])).toEqual(Object.keys(CATALOG));
});

it.each(Object.entries(CATALOG))(
  'describes the provider %s on the page as the catalog does',
  (name, { dialects, keyVariables, settings = {}, routes = [], baseUrl, byKeyAlone }) => {
    const row = rows.find((one) => one.startsWith(`| \`${name}\``)) ?? '';
    const cells = row.split('|').map((cell) => cell.trim());
    const named = (cell: string | undefined): string[] =>
      [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, one]) => one as string);
    expect(named(cells[2])).toEqual(dialects);
    expect(named(cells[4])).toEqual(keyVariables);
    expect(cells[5]).toBe(byKeyAlone ? 'yes' : 'no');
    expect(named(cells[6])).toEqual(Object.keys(settings));
    expect(cells[7]).toBe(routes.length === 0 ? '–' : routes.join(', '));
    expect(named(cells[8])).toEqual([baseUrl]);
  },
);
