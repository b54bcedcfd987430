import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { Logger } from '@sluice/telemetry';
import { PriceRefresh } from './price-refresh.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-price-refresh-'));
afterAll(() => rmSync(folder, { recursive: true }));

function started() {
  const tables: string[] = [];
  let resolveWarning: (warning: string) => void = () => {};
  const warned = new Promise<string>((resolve) => {
    resolveWarning = resolve;
  });
  const logger = { info() {}, warn: (message: string) => resolveWarning(message) } as unknown as Logger;
  const book = {
    replace(text: string) {
      if (text === 'broken') throw new Error('no table');
      tables.push(text);
    },
  };
  return { tables, warned, refresh: new PriceRefresh(book, logger) };
}

describe('PriceRefresh', () => {
  it('reads a file at once, and keeps the table with a warning when a later file is invalid', async () => {
    const file = join(folder, 'prices.json');
    writeFileSync(file, 'first');
    const { tables, warned, refresh } = started();
    refresh.follow({ file, every: 5 }, 'sluice.yaml');
    expect(tables).toEqual(['first']);
    writeFileSync(file, 'broken');
    expect(await warned).toMatch(/the previous table stays in use/);
    refresh.stop();
    expect(new Set(tables)).toEqual(new Set(['first']));
  });

  it('refuses a file that is no price table, naming its configuration field', () => {
    const file = join(folder, 'broken.json');
    writeFileSync(file, 'broken');
    const { refresh } = started();
    expect(() => refresh.follow({ file, every: 5 }, 'sluice.yaml')).toThrow('sluice.yaml: prices.file: no table');
  });

  it('does nothing without a file or a URL', () => {
    const { tables, refresh } = started();
    refresh.follow({ every: 5 }, undefined);
    refresh.stop();
    expect(tables).toEqual([]);
  });
});
