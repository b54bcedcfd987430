import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';

/** Receives decoded bytes. */
export interface DecodedTo {
  decoded(chunk: Buffer): void;
  decodedAll(): void;
  undecodable(error: Error): void;
}

/** Decoded bytes that any answer may have, regardless of its received size. */
const FREE_BYTES = 1024 * 1024;
/**
 * Further decoded bytes per received byte. Events of models compress 20 to 40 times (measured with gzip and br), a
 * decompression bomb a thousand times and more.
 */
const MOST_TIMES = 100;
/** Maximum number of nested codings. More are a mistake or an attack. */
const MOST_CODINGS = 2;

/**
 * Decodes an answer's body. The gateway requests no coding (`accept-encoding: identity`), but some servers and proxies send
 * one.
 *
 * The decoded size is bounded by the received size, so that a decompression bomb costs neither memory nor CPU.
 */
export class BodyDecoder {
  readonly #stages: Transform[];
  readonly #to: DecodedTo;
  #received = 0;
  #given = 0;
  #over = false;

  constructor(stages: Transform[], to: DecodedTo) {
    this.#stages = stages;
    this.#to = to;
    for (const [n, stage] of stages.entries()) {
      stage.on('error', (error: Error) => this.#fail(error));
      const next = stages[n + 1];
      if (next !== undefined) stage.pipe(next);
    }
    const last = stages.at(-1);
    last?.on('data', (chunk: Buffer) => this.#give(chunk));
    last?.on('end', () => this.#end());
  }

  write(chunk: Buffer): void {
    this.#received += chunk.length;
    if (!this.#over) this.#stages[0]?.write(chunk);
  }

  end(): void {
    if (!this.#over) this.#stages[0]?.end();
  }

  pause(): void {
    this.#stages.at(-1)?.pause();
  }

  resume(): void {
    if (!this.#over) this.#stages.at(-1)?.resume();
  }

  /** Stops decoding. No callback follows. */
  destroy(): void {
    this.#over = true;
    for (const stage of this.#stages) stage.destroy();
  }

  #give(chunk: Buffer): void {
    if (this.#over) return;
    this.#given += chunk.length;
    if (this.#given > FREE_BYTES + MOST_TIMES * this.#received) {
      this.#fail(new Error('the answer grows too much when it is decoded'));
    } else this.#to.decoded(chunk);
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#to.decodedAll();
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.destroy();
    this.#to.undecodable(error);
  }
}

const CODINGS: Readonly<Record<string, (() => Transform) | undefined>> = {
  gzip: () => zlib.createGunzip(),
  'x-gzip': () => zlib.createGunzip(),
  br: () => zlib.createBrotliDecompress(),
  zstd: () => zlib.createZstdDecompress(),
};

/**
 * Returns a decoder; undefined for a body without a coding, `unknown` for an unknown coding.
 *
 * @param contentEncoding the header (RFC 9110, section 8.4): codings in the order in which they were applied
 * @param first the first bytes: some servers declare gzip and send plain text, and some send `deflate` without a zlib header (RFC 9110, section 8.4.1.2)
 */
export function bodyDecoder(
  contentEncoding: string | undefined,
  first: Buffer,
  to: DecodedTo,
): BodyDecoder | 'unknown' | undefined {
  const codings = (contentEncoding ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length === 0) return undefined;
  if (codings.length > MOST_CODINGS) return 'unknown';
  const outermost = codings.at(-1) as string;
  if (/gzip$/.test(outermost) && !(first[0] === 0x1f && (first.length < 2 || first[1] === 0x8b))) return undefined;
  const stages: Transform[] = [];
  for (const coding of codings.toReversed()) {
    const stage = coding === 'deflate' ? inflate(stages.length === 0 ? first[0] : undefined) : CODINGS[coding]?.();
    if (stage === undefined) return 'unknown';
    stages.push(stage);
  }
  return new BodyDecoder(stages, to);
}

/** Detects a zlib header: the low half of its first byte is 8 (RFC 1950, section 2.2). */
const inflate = (byte: number | undefined): Transform =>
  byte === undefined || (byte & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw();
