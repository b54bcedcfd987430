import { type BodyKind, bodyKind, isPartOfBom, withoutBom } from './answers/body-kind.ts';
import { type BodyDecoder, bodyDecoder, type DecodedTo } from './body-decoder.ts';

/** Receives a body after its kind is known. */
export interface BodyTo extends DecodedTo {
  /** Called once, before the first data or the end. */
  begin(kind: BodyKind): void;
}

/** Bytes after which a body without a known beginning is `other`. */
const MOST_UNKNOWN = 1024;
const NOTHING = Buffer.alloc(0);

/** Decodes an answer's body, removes its byte order mark, and detects its kind. */
export class BodyIntake {
  readonly #to: BodyTo;
  readonly #encoding: string | undefined;
  #decoder: BodyDecoder | undefined;
  #opened = false;
  #begun = false;
  #first: Buffer = NOTHING;
  /** Whether all bytes have arrived. Some may not be decoded yet. */
  complete = false;

  constructor(encoding: string | undefined, to: BodyTo) {
    this.#encoding = encoding;
    this.#to = to;
  }

  write(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (!this.#opened && !this.#open(chunk)) return;
    if (this.#decoder === undefined) this.#take(chunk);
    else this.#decoder.write(chunk);
  }

  end(): void {
    this.complete = true;
    if (this.#decoder === undefined) this.#end();
    else this.#decoder.end();
  }

  pause(): void {
    this.#decoder?.pause();
  }

  resume(): void {
    this.#decoder?.resume();
  }

  destroy(): void {
    this.#decoder?.destroy();
  }

  #open(first: Buffer): boolean {
    this.#opened = true;
    const decoder = bodyDecoder(this.#encoding, first, {
      data: (chunk) => this.#take(chunk),
      end: () => this.#end(),
      failed: (error) => this.#to.failed(error),
    });
    if (decoder !== 'unknown') {
      this.#decoder = decoder;
      return true;
    }
    this.#to.failed(new Error('the answer has a content coding that is not known'));
    return false;
  }

  #take(chunk: Buffer): void {
    if (this.#begun) {
      this.#to.data(chunk);
      return;
    }
    this.#first = this.#first.length === 0 ? chunk : Buffer.concat([this.#first, chunk]);
    if (isPartOfBom(this.#first)) return;
    const body = withoutBom(this.#first);
    const kind = bodyKind(body);
    if (kind === undefined && body.length < MOST_UNKNOWN) return;
    this.#begin(kind ?? 'other', body);
  }

  #end(): void {
    if (!this.#begun) this.#begin('other', this.#first);
    this.#to.end();
  }

  #begin(kind: BodyKind, body: Buffer): void {
    this.#begun = true;
    this.#first = NOTHING;
    this.#to.begin(kind);
    if (body.length > 0) this.#to.data(body);
  }
}
