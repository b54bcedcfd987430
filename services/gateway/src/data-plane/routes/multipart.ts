import { errorTexts, LlmError } from '@sluice/core';

/** The value of the part `model`, and its position in the bytes. */
export interface ModelPart {
  readonly model: string;
  readonly start: number;
  readonly end: number;
}

/** Maximum length of a part's headers; longer headers are refused. */
const MAX_PART_HEAD = 4_096;
const HEAD_END = Buffer.from('\r\n\r\n');

/** Returns the boundary of a multipart body (RFC 2046, section 5.1.1); undefined for another type. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  if (contentType === undefined || !/^multipart\/form-data *;/i.test(contentType)) return undefined;
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
  return quoted ?? plain;
}

/**
 * Finds the part `model` in the first bytes of a multipart body (RFC 7578).
 *
 * @returns `more` if the part may follow; undefined if it cannot: the body does not use the boundary, or has ended
 */
export function findModel(bytes: Buffer, boundary: string): ModelPart | 'more' | undefined {
  const opening = Buffer.from(`--${boundary}`);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  if (!bytes.subarray(0, opening.length).equals(opening.subarray(0, bytes.length))) return undefined;
  for (let at = opening.length; ; ) {
    if (bytes.subarray(at, at + 2).toString('latin1') === '--') return undefined;
    const headEnd = bytes.indexOf(HEAD_END, at);
    if (headEnd === -1) return bytes.length - at > MAX_PART_HEAD ? undefined : 'more';
    const start = headEnd + HEAD_END.length;
    const end = bytes.indexOf(delimiter, start);
    if (isModelPart(bytes.subarray(at, headEnd))) {
      return end === -1 ? 'more' : { model: bytes.subarray(start, end).toString('utf8'), start, end };
    }
    if (end === -1) return 'more';
    at = end + delimiter.length;
  }
}

/**
 * Returns whether a part's headers name it `model`, in any form that a server may accept (including the RFC 6266 and RFC 5987
 * forms).
 */
function isModelPart(head: Buffer): boolean {
  const text = head.toString('latin1');
  return /[;\s]name\*?\s*=\s*(?:[\w-]*'[\w-]*')?"?model"?\s*(?:;|$|\r?\n)/im.test(text);
}

/**
 * Inspects the rest of a forwarded body and refuses a second part `model`. A server may read the last part, but only the first
 * was checked.
 */
export class SecondModelWatch {
  readonly #delimiter: Buffer;
  #held: Buffer;

  /** @param begun the last bytes that were already searched, from the end of the model part */
  constructor(boundary: string, begun: Buffer) {
    this.#delimiter = Buffer.from(`\n--${boundary}`);
    this.#held = begun;
  }

  /**
   * Returns the bytes that are safe to forward. An incomplete head of a part is held back.
   *
   * @throws LlmError `invalid_request`
   */
  pass(chunk: Uint8Array): Buffer {
    const bytes = this.#held.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#held, chunk]);
    let at = bytes.indexOf(this.#delimiter);
    while (at !== -1) {
      const headEnd = endOfHead(bytes, at + this.#delimiter.length);
      if (headEnd === -1) {
        if (bytes.length - at > MAX_PART_HEAD) throw refused(errorTexts.partHeadTooLong);
        return this.#hold(bytes, at);
      }
      if (isModelPart(bytes.subarray(at + this.#delimiter.length, headEnd))) throw refused(errorTexts.severalModels);
      at = bytes.indexOf(this.#delimiter, headEnd);
    }
    return this.#hold(bytes, Math.max(0, bytes.length - this.#delimiter.length + 1));
  }

  /** Returns the held-back bytes after the end of the body. */
  rest(): Buffer {
    return this.#held;
  }

  #hold(bytes: Buffer, from: number): Buffer {
    this.#held = bytes.subarray(from);
    return bytes.subarray(0, from);
  }
}

/** Returns the end of a part's headers. Some servers accept a line feed alone as a line end. */
function endOfHead(bytes: Buffer, from: number): number {
  const ends = [bytes.indexOf(HEAD_END, from), bytes.indexOf('\n\n', from)].filter((end) => end !== -1);
  return ends.length === 0 ? -1 : Math.min(...ends);
}

const refused = (message: string): LlmError => new LlmError('invalid_request', message, { param: 'model' });
