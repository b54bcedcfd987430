import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { OTHER_ROUTES } from './route-table.ts';
import { BEGIN, END, renderRoutes } from './routes-page.ts';

const PAGE = fileURLToPath(new URL('../../../../../docs/api.md', import.meta.url));

it('keeps the routes in docs/api.md up to date (WRITE_PAGES=1 writes them)', () => {
  const page = readFileSync(PAGE, 'utf8');
  const [before = '', rest = ''] = page.split(BEGIN);
  const [, after] = rest.split(END);
  expect(after).toBeDefined();
  const written = `${before}${BEGIN}\n\n${renderRoutes()}\n${END}${after}`;
  if (process.env['WRITE_PAGES'] === '1') writeFileSync(PAGE, written);
  else expect(page).toBe(written);
});

it('lists every pass-through route', () => {
  const text = renderRoutes();
  for (const { path, method } of OTHER_ROUTES) {
    expect(text.split('\n').some((line) => line.includes(`\`${path}\``) && line.includes(method))).toBe(true);
  }
});
