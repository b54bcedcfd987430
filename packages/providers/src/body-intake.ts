import { type BodyKind, bodyKind, isPartOfBom, withoutBom } from './answers/body-kind.ts';
import { type BodyDecoder, bodyDecoder, type DecodedTo } from './body-decoder.ts';

/** Where a body goes once it is known what it is. */
export interface BodyTo extends DecodedTo {
  /** Called once, before the first data or the end. */
  begin(kind: BodyKind): void;
}

/** So many bytes without a hint of what they are decide that they are nothing that is known. */
const MOST_UNKNOWN = 1024;
const NOTHING = Buffer.alloc(0);

/** Takes in an answer's body: decodes it, takes a byte order mark away, and tells by its first bytes what it is. */
export class BodyIntake {
  readonly #to: BodyTo;
  readonly #encoding: string | undefined;
  #decoder: BodyDecoder | undefined;
  #opened = false;
  #begun = false;
  #first: Buffer = NOTHING;
  /** Whether all bytes have come, though they may not all be decoded. */
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
