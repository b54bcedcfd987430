import { bufferOf, isStreamed, type LlmReply } from '@sluice/core';
import { eventDecoder } from '@sluice/dialects';
import { isJson, type Json, parsed } from './record.ts';

/** Names of the last event. Content may contain them too, which only costs memory. */
const MARKS = ['response.completed', 'response.incomplete'];
/** Longer than the beginning of the last event up to the end of its name. */
const TAIL_BYTES = 256;

/** Returns the response object of a reply. Undefined if the reply fails or is longer than `maxBytes`. */
export async function finalResponse(reply: LlmReply, maxBytes: number): Promise<Json | undefined> {
  if (!isStreamed(reply)) return reply.body.length > maxBytes ? undefined : parsed(bufferOf(reply.body).toString('utf8'));
  const end = new StreamEnd(maxBytes);
  reply.stream.tap((bytes) => end.add(bytes));
  const { end: how } = await reply.stream.outcome;
  return how === 'finished' ? end.response() : undefined;
}

/** Collects a stream from its last event on. That event contains the whole response. */
class StreamEnd {
  readonly #maxBytes: number;
  /** The latest bytes, which may contain the beginning of the last event. */
  #tail = Buffer.alloc(0);
  #chunks: Uint8Array[] | undefined;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(bytes: Uint8Array): void {
    if (this.#chunks === undefined) {
      const seen = Buffer.concat([this.#tail, bytes]);
      this.#tail = seen.subarray(-TAIL_BYTES);
      if (!hasMark(seen)) return;
      this.#chunks = [seen];
      this.#bytes = seen.length;
      return;
    }
    this.#bytes += bytes.length;
    if (this.#bytes > this.#maxBytes) this.#chunks.length = 0;
    else this.#chunks.push(bytes);
  }

  response(): Json | undefined {
    if (this.#chunks === undefined || this.#bytes > this.#maxBytes) return undefined;
    const cutter = eventDecoder('sse');
    const texts = [...cutter.feed(Buffer.concat(this.#chunks)), ...cutter.flush()];
    for (const text of texts.reverse()) {
      const event = MARKS.some((mark) => text.includes(mark)) ? parsed(text) : undefined;
      if (event !== undefined && MARKS.includes(String(event['type'])) && isJson(event['response'])) return event['response'];
    }
    return undefined;
  }
}

const hasMark = (bytes: Buffer): boolean => MARKS.some((mark) => bytes.includes(mark));
