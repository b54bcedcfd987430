import type { Readable } from 'node:stream';
import { errorTexts, LlmError } from '@sluice/core';

/** A body with first bytes that were read in advance. */
export class PeekedBody {
  /** The bytes that were read in advance. */
  readonly first: Buffer;
  readonly #rest: AsyncIterator<Uint8Array>;
  #taken = false;

  private constructor(first: Buffer, rest: AsyncIterator<Uint8Array>) {
    this.first = first;
    this.#rest = rest;
  }

  /**
   * Reads a body until the caller has found what it needs, or up to a maximum.
   *
   * @param more returns whether further bytes are needed
   * @throws LlmError `client_closed` for a body that breaks off, `invalid_request` for a body that arrives too slowly
   */
  static async read(body: Readable, more: (bytes: Buffer) => boolean, maxBytes: number, timeoutMs: number): Promise<PeekedBody> {
    // the response handles the unread rest of the body, as for every other body
    const rest = body.iterator({ destroyOnReturn: false });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new LlmError('invalid_request', errorTexts.bodyTooSlow)), timeoutMs);
    });
    const reading = (async (): Promise<Buffer> => {
      let first = Buffer.alloc(0);
      while (first.length < maxBytes && more(first)) {
        const { done, value } = await rest.next().catch((cause: unknown) => {
          throw new LlmError('client_closed', errorTexts.clientClosed, { cause });
        });
        if (done === true) break;
        first = Buffer.concat([first, value as Buffer]);
      }
      return first;
    })();
    // after the timeout it rejects when the request is destroyed; by then no caller awaits it
    reading.catch(() => {});
    try {
      return new PeekedBody(await Promise.race([reading, late]), rest);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Returns the whole body with replaced first bytes. The body can be read only once; creating the generator alone does not
   * read it.
   *
   * @param pass changes or refuses the bytes after the first ones
   * @throws LlmError `upstream_error` if the body was already read
   */
  async *whole(first: readonly Buffer[], pass?: { pass(chunk: Uint8Array): Buffer; rest(): Buffer }): AsyncGenerator<Buffer> {
    if (this.#taken) throw new LlmError('upstream_error', errorTexts.bodyNotRepeatable);
    this.#taken = true;
    yield* first;
    for (;;) {
      const { done, value } = await this.#rest.next();
      if (done === true) break;
      const chunk = pass === undefined ? (value as Buffer) : pass.pass(value);
      if (chunk.length > 0) yield chunk;
    }
    const held = pass?.rest();
    if (held !== undefined && held.length > 0) yield held;
  }
}
