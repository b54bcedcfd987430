import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ManualClock } from '@sluice/core/testing';
import { FileSink } from './file-sink.ts';

const records = (...ns: number[]) => ns.map((n) => ({ position: `${n}-0`, record: `{"n":${n}}` }));

describe('FileSink', () => {
  let folder: string;
  const clock = new ManualClock(Date.parse('2026-11-24T23:59:59Z'));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-drain-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const at = () => join(folder, 'sub', 'audit-2026-11-24.one_host.jsonl');
  const lines = (file: string) => readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const sink = () => new FileSink(join(folder, 'sub'), clock, 'one/host');

  it('writes one line per record with its id, and one file per day that only the owner can read', async () => {
    const files = sink();
    await files.write(records(1, 2));
    await files.write(records(3));
    expect(lines(at())).toEqual(['{"id":"1-0","n":1}', '{"id":"2-0","n":2}', '{"id":"3-0","n":3}']);
    expect(statSync(at()).mode & 0o777).toBe(0o600);
    clock.advance(2_000);
    await files.write(records(4));
    clock.advance(-2_000);
    expect(readdirSync(join(folder, 'sub'))).toEqual(['audit-2026-11-24.one_host.jsonl', 'audit-2026-11-25.one_host.jsonl']);
    await files.close();
  });

  it('continues after the last complete line when a writer crashed within a line', async () => {
    const first = sink();
    await first.write(records(1));
    await first.close();
    appendFileSync(at(), '{"id":"2-0","n":');
    const second = sink();
    await second.write(records(2));
    expect(lines(at())).toEqual(['{"id":"1-0","n":1}', '{"id":"2-0","n":2}']);
    await second.close();
    // a file with only a partial line that is longer than one read
    rmSync(at());
    appendFileSync(at(), 'x'.repeat(100_000));
    const third = sink();
    await third.write(records(3));
    expect(lines(at())).toEqual(['{"id":"3-0","n":3}']);
    await third.close();
  });

  it('removes a partial line when the disk is full', async () => {
    const files = sink();
    await files.write(records(1));
    const handle = await open(at(), 'r');
    const prototype = Object.getPrototypeOf(handle) as { write(...args: unknown[]): Promise<{ bytesWritten: number }> };
    await handle.close();
    const write = prototype.write;
    const full = jest.spyOn(prototype, 'write').mockImplementation(async function (this: unknown, ...args: unknown[]) {
      const [bytes, from, , position] = args as [Buffer, number, number, number];
      if (from > 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      return write.call(this, bytes, 0, 5, position);
    });
    await expect(files.write(records(2, 3))).rejects.toThrow('ENOSPC');
    full.mockRestore();
    expect(readFileSync(at(), 'utf8')).toBe('{"id":"1-0","n":1}\n');
    await files.write(records(2, 3));
    expect(lines(at())).toHaveLength(3);
    await files.close();
  });
});
