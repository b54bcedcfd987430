import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ConfigWatch, hashOfConfig } from './config-watch.ts';

describe('ConfigWatch', () => {
  let folder: string;
  let watch: ConfigWatch | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-watch-'));
  });
  afterEach(() => {
    watch?.stop();
    rmSync(folder, { recursive: true });
  });

  function follow(file: string, text: string, stableMs = 20) {
    const taken: string[] = [];
    const refused: string[] = [];
    watch = new ConfigWatch({
      file,
      hash: hashOfConfig(text),
      pollMs: 5,
      stableMs,
      take(text) {
        if (text === 'bad') throw new Error('it is bad');
        taken.push(text);
      },
      onRefused: (error) => refused.push(String(error)),
    });
    watch.start();
    return { taken, refused };
  }
  const isTaken = (taken: readonly string[], text: string) => waitFor(() => taken.at(-1) === text, `'${text}' to be taken`);

  it('loads a changed text once, and ignores a file that was only touched', async () => {
    const file = join(folder, 'sluice.yaml');
    writeFileSync(file, 'one');
    const { taken } = follow(file, 'one');
    writeFileSync(file, 'one');
    writeFileSync(file, 'two');
    await isTaken(taken, 'two');
    writeFileSync(file, 'two');
    writeFileSync(file, 'six');
    await isTaken(taken, 'six');
    expect(taken).toEqual(['two', 'six']);
  });

  it('waits for a file that is written in parts', async () => {
    const file = join(folder, 'sluice.yaml');
    writeFileSync(file, 'one');
    // far longer than the pauses between the parts
    const { taken, refused } = follow(file, 'one', 2_000);
    for (let n = 0; n < 30; n++) {
      writeFileSync(file, n % 2 === 0 ? '' : 'x'.repeat(n));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    writeFileSync(file, 'whole');
    await isTaken(taken, 'whole');
    expect([taken, refused]).toEqual([['whole'], []]);
  });

  it('follows a file that is replaced and missing in between', async () => {
    const file = join(folder, 'sluice.yaml');
    writeFileSync(file, 'one');
    const { taken, refused } = follow(file, 'one', 200);
    unlinkSync(file);
    await new Promise((resolve) => setImmediate(resolve));
    writeFileSync(`${file}.new`, 'two');
    renameSync(`${file}.new`, file);
    await isTaken(taken, 'two');
    expect(refused).toEqual([]);
  });

  it('follows links that an orchestrator switches', async () => {
    for (const [name, text] of [
      ['first', 'one'],
      ['second', 'two'],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'sluice.yaml'), text);
    }
    symlinkSync('first', join(folder, '..data'));
    symlinkSync(join('..data', 'sluice.yaml'), join(folder, 'sluice.yaml'));
    const { taken } = follow(join(folder, 'sluice.yaml'), 'one');
    symlinkSync('second', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    await isTaken(taken, 'two');
  });

  it('reports a refused text and a missing file once each, and loads the next text', async () => {
    const file = join(folder, 'sluice.yaml');
    writeFileSync(file, 'one');
    const { taken, refused } = follow(file, 'one');
    writeFileSync(file, 'bad');
    await waitFor(() => refused.length === 1, 'the refusal');
    unlinkSync(file);
    await waitFor(() => refused.length === 2, 'the missing file to be reported');
    expect(refused).toEqual([expect.stringContaining('it is bad'), expect.stringContaining('cannot be read (ENOENT)')]);
    writeFileSync(file, 'two');
    await isTaken(taken, 'two');
    expect(refused).toHaveLength(2);
  });
});
