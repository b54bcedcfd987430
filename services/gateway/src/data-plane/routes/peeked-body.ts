import type { Readable } from 'node:stream';
import { LlmError } from '@sluice/core';

/** Bytes of a body, of which the first have been read and not taken. */
export class PeekedBody {
  /** The bytes that have been read. */
  readonly first: Buffer;
  readonly #rest: AsyncIterator<Uint8Array>;
  #taken = false;

  private constructor(first: Buffer, rest: AsyncIterator<Uint8Array>) {
    this.first = first;
    this.#rest = rest;
  }

  /**
   * Reads a body until something is found in it, or there is enough of it.
   *
   * @param more whether further bytes are needed
   * @throws LlmError `client_closed` for a body that breaks off, `invalid_request` for one that comes too slowly
   */
  static async read(body: Readable, more: (bytes: Buffer) => boolean, maxBytes: number, timeoutMs: number): Promise<PeekedBody> {
    // what is left of a body is for the response to deal with, as for every other body
    const rest = body.iterator({ destroyOnReturn: false });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new LlmError('invalid_request', 'The body came too slowly.')), timeoutMs);
    });
    const reading = (async (): Promise<Buffer> => {
      let first = Buffer.alloc(0);
      while (first.length < maxBytes && more(first)) {
        const { done, value } = await rest.next().catch((cause: unknown) => {
          throw new LlmError('client_closed', 'The client closed the connection.', { cause });
        });
        if (done === true) break;
        first = Buffer.concat([first, value as Buffer]);
      }
      return first;
    })();
    // it rejects after the time is up when the request is destroyed, and nobody waits for it then
    reading.catch(() => {});
    try {
      return new PeekedBody(await Promise.race([reading, late]), rest);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Returns the whole body, with other first bytes. It can be taken once; what only prepares to send it has not taken it.
   *
   * @param pass changes or refuses what comes after the first bytes
   * @throws LlmError `upstream_error` where bytes of it were taken before
   */
  async *whole(first: readonly Buffer[], pass?: { pass(chunk: Uint8Array): Buffer; rest(): Buffer }): AsyncGenerator<Buffer> {
    if (this.#taken)
      throw new LlmError('upstream_error', 'The provider broke off, and the body of this request cannot be sent again.');
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
