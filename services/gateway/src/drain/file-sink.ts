import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@sluice/core';
import type { StoredRecord } from '@sluice/store/ports';
import { type DrainSink, linesOf } from './drain-sink.ts';

const LF = 0x0a;

/**
 * Appends records to one file per day, and syncs them to the disk before they count as written. Replicas that share the
 * directory write separate files, even on the same host: two writers of one file would overwrite each other.
 */
export class FileSink implements DrainSink {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #writer: string;
  #open: { readonly day: string; readonly file: FileHandle; length: number } | undefined;

  /** @param writer distinguishes the files of this process from those of all other running processes */
  constructor(directory: string, clock: Clock, writer = `${hostname()}-${process.pid}`) {
    this.#directory = directory;
    this.#clock = clock;
    this.#writer = writer.replace(/[^\w.-]/g, '_');
  }

  async write(records: readonly StoredRecord[]): Promise<void> {
    const open = await this.#fileOf(new Date(this.#clock.now()).toISOString().slice(0, 10));
    const bytes = Buffer.from(linesOf(records));
    try {
      for (let written = 0; written < bytes.length; ) {
        written += (await open.file.write(bytes, written, bytes.length - written, open.length + written)).bytesWritten;
      }
      await open.file.datasync();
      open.length += bytes.length;
    } catch (error) {
      // otherwise half a line from a full disk would precede the next line
      await open.file.truncate(open.length).catch(() => {});
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const { file } = this.#open ?? {};
    this.#open = undefined;
    await file?.close();
  }

  async #fileOf(day: string) {
    if (this.#open?.day === day) return this.#open;
    await this.close();
    await mkdir(this.#directory, { recursive: true });
    const path = join(this.#directory, `audit-${day}.${this.#writer}.jsonl`);
    // readable by the owner only: the file shows which key called which model
    const file = await open(path, 'a+', 0o600).then(async (made) => {
      await made.close();
      return open(path, 'r+');
    });
    this.#open = { day, file, length: await wholeLength(file) };
    await file.truncate(this.#open.length);
    return this.#open;
  }
}

/**
 * Returns the length of a file up to its last complete line. A writer that crashed may have written a partial line, which does
 * not count as written.
 */
async function wholeLength(file: FileHandle): Promise<number> {
  const part = Buffer.alloc(65_536);
  for (let end = (await file.stat()).size; end > 0; ) {
    const begin = Math.max(0, end - part.length);
    const { bytesRead } = await file.read(part, 0, end - begin, begin);
    const lineFeed = part.subarray(0, bytesRead).lastIndexOf(LF);
    if (lineFeed !== -1) return begin + lineFeed + 1;
    end = begin;
  }
  return 0;
}
