import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@sluice/core';
import type { KeptRecord } from '@sluice/store/ports';
import { type DrainSink, linesOf } from './drain-sink.ts';

const LF = 0x0a;

/**
 * Appends records to a file a day, which is on the disk before they count as written. Replicas that share the directory write files of their own, also where they
 * share a host: two that write one would write over each other.
 */
export class FileSink implements DrainSink {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #writer: string;
  #open: { readonly day: string; readonly file: FileHandle; length: number } | undefined;

  /** @param writer tells the files of one process from those of all others that run */
  constructor(directory: string, clock: Clock, writer = `${hostname()}-${process.pid}`) {
    this.#directory = directory;
    this.#clock = clock;
    this.#writer = writer.replace(/[^\w.-]/g, '_');
  }

  async write(records: readonly KeptRecord[]): Promise<void> {
    const open = await this.#fileOf(new Date(this.#clock.now()).toISOString().slice(0, 10));
    const bytes = Buffer.from(linesOf(records));
    try {
      for (let written = 0; written < bytes.length; ) {
        written += (await open.file.write(bytes, written, bytes.length - written, open.length + written)).bytesWritten;
      }
      await open.file.datasync();
      open.length += bytes.length;
    } catch (error) {
      // half a line of a disk that is full would stand before the next one
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
    // the owner's alone: it says who called what
    const file = await open(path, 'a+', 0o600).then(async (made) => {
      await made.close();
      return open(path, 'r+');
    });
    this.#open = { day, file, length: await wholeLength(file) };
    await file.truncate(this.#open.length);
    return this.#open;
  }
}

/** How long a file is up to its last whole line: the rest is of a writer that died, and was not finished. */
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
