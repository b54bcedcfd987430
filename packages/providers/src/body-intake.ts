import { type BodyKind, bodyKind, isPartOfBom, withoutBom } from './answers/body-kind.ts';
import { type BodyDecoder, bodyDecoder, type DecodedTo } from './body-decoder.ts';

/** Receives a body once its kind is known. */
export interface BodyTo {
  /** Called once, before the first data or the end. */
  beginBody(kind: BodyKind): void;
  takeBody(chunk: Buffer): void;
  endBody(): void;
  failBody(error: Error): void;
}

/** Bytes after which a body of undetected kind counts as `other`. */
const MOST_UNKNOWN = 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Decodes an answer's body, removes its byte order mark, and detects its kind. It implements the decoder's receiver itself: an
 * object of closures per answer took 15 KB more garbage per call.
 */
export class BodyIntake implements DecodedTo {
  readonly #to: BodyTo;
  readonly #encoding: string | undefined;
  #decoder: BodyDecoder | undefined;
  #opened = false;
  #begun = false;
  #first: Buffer = NOTHING;
  /** Whether all bytes have arrived. Some may still have to be decoded. */
  complete = false;

  constructor(encoding: string | undefined, to: BodyTo) {
    this.#encoding = encoding;
    this.#to = to;
  }

  write(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (!this.#opened && !this.#open(chunk)) return;
    if (this.#decoder === undefined) this.decoded(chunk);
    else this.#decoder.write(chunk);
  }

  end(): void {
    this.complete = true;
    if (this.#decoder === undefined) this.decodedAll();
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
    const decoder = bodyDecoder(this.#encoding, first, this);
    if (decoder !== 'unknown') {
      this.#decoder = decoder;
      return true;
    }
    this.#to.failBody(new Error('the answer has a content coding that is not known'));
    return false;
  }

  decoded(chunk: Buffer): void {
    if (this.#begun) {
      this.#to.takeBody(chunk);
      return;
    }
    this.#first = this.#first.length === 0 ? chunk : Buffer.concat([this.#first, chunk]);
    if (isPartOfBom(this.#first)) return;
    const body = withoutBom(this.#first);
    const kind = bodyKind(body);
    if (kind === undefined && body.length < MOST_UNKNOWN) return;
    this.#begin(kind ?? 'other', body);
  }

  decodedAll(): void {
    if (!this.#begun) this.#begin('other', this.#first);
    this.#to.endBody();
  }

  undecodable(error: Error): void {
    this.#to.failBody(error);
  }

  #begin(kind: BodyKind, body: Buffer): void {
    this.#begun = true;
    this.#first = NOTHING;
    this.#to.beginBody(kind);
    if (body.length > 0) this.#to.takeBody(body);
  }
}
