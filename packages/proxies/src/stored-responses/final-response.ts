import { isStreamed, type LlmReply } from '@sluice/core';
import { eventCutter } from '@sluice/dialects';
import { isJson, type Json, parsed } from './record.ts';

/** Names of the last event; a part of an answer may have them too, which costs memory alone. */
const MARKS = ['response.completed', 'response.incomplete'];
const LONGEST_MARK_BYTES = Math.max(...MARKS.map((mark) => mark.length));

/** Returns the response object of an answer, undefined if the answer fails or is longer than `maxBytes`. */
export async function finalResponse(reply: LlmReply, maxBytes: number): Promise<Json | undefined> {
  if (!isStreamed(reply)) return reply.body.length > maxBytes ? undefined : parsed(Buffer.from(reply.body).toString('utf8'));
  const end = new StreamEnd(maxBytes);
  reply.stream.tap((bytes) => end.add(bytes));
  const { end: how } = await reply.stream.outcome;
  return how === 'finished' ? end.response() : undefined;
}

/** Collects a stream from its last event on: what comes before is in that event too. */
class StreamEnd {
  readonly #maxBytes: number;
  /** The chunk before, in which the last event may have begun. */
  #before: Uint8Array = Buffer.alloc(0);
  #chunks: Uint8Array[] | undefined;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(bytes: Uint8Array): void {
    if (this.#chunks === undefined) {
      const edge = this.#before.subarray(Math.max(0, this.#before.length - LONGEST_MARK_BYTES));
      if (!hasMark(bytes) && !hasMark(Buffer.concat([edge, bytes.subarray(0, LONGEST_MARK_BYTES)]))) {
        this.#before = bytes;
        return;
      }
      this.#chunks = [this.#before];
    }
    this.#bytes += bytes.length;
    if (this.#bytes > this.#maxBytes) this.#chunks.length = 0;
    else this.#chunks.push(bytes);
  }

  response(): Json | undefined {
    if (this.#chunks === undefined || this.#chunks.length === 0) return undefined;
    const cutter = eventCutter('sse');
    const texts = [...cutter.feed(Buffer.concat(this.#chunks)), ...cutter.flush()];
    for (const text of texts.reverse()) {
      const event = MARKS.some((mark) => text.includes(mark)) ? parsed(text) : undefined;
      if (event !== undefined && MARKS.includes(String(event['type'])) && isJson(event['response'])) return event['response'];
    }
    return undefined;
  }
}

const hasMark = (bytes: Uint8Array): boolean => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return MARKS.some((mark) => buffer.includes(mark));
};
