import { type EventDecoder, UnfinishedBytes } from '@sluice/dialects';
import { EventStreamCodec } from '@smithy/core/event-streams';
import type { Framing } from './endpoint.ts';

/** The first four bytes of a frame contain its length. No event of a model reaches `MAX_FRAME`. */
const HEAD = 4;
const MIN_FRAME = 16;
const MAX_FRAME = 16 * 1024 * 1024;

interface Reading {
  /** Returns an event's data as JSON text, from its type (in the frame's headers) and its payload. */
  read(type: string, payload: string): string | undefined;
  asServerSentEvent(data: string): string;
}

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
  (text) => Buffer.from(text),
);

/**
 * Returns the framing of Amazon's binary frames. Each frame has its type, its length and two checksums.
 * Source: AWS' documentation, "Event stream encoding".
 */
export function awsEventStream({ read, asServerSentEvent }: Reading): Framing {
  return {
    contentType: 'application/vnd.amazon.eventstream',
    decoder: () => frameDecoder(read),
    asServerSentEvent,
  };
}

function frameDecoder(read: Reading['read']): EventDecoder {
  const unfinished = new UnfinishedBytes();
  let broken = false;
  return {
    feed(chunk) {
      const events: string[] = [];
      if (broken) return events;
      const bytes = unfinished.with(chunk);
      let at = 0;
      while (!broken && bytes.length - at >= HEAD) {
        const length = bytes.readUInt32BE(at);
        if (length < MIN_FRAME || length > MAX_FRAME) broken = true;
        if (broken || bytes.length - at < length) break;
        const event = eventOf(bytes.subarray(at, at + length), read);
        at += length;
        if (event === undefined) broken = true;
        else if (event !== '') events.push(event);
      }
      // an undecodable frame ends the stream as truncated: later bytes are ignored
      if (broken) unfinished.take();
      else unfinished.from(at);
      return events;
    },
    flush: () => [],
    unfinished: () => unfinished.length,
  };
}

/** Returns the data of a frame; empty for a frame without data, undefined for a damaged one. */
function eventOf(frame: Buffer, read: Reading['read']): string | undefined {
  try {
    const { headers, body } = codec.decode(frame);
    const of = (name: string): string => String(headers[name]?.value ?? '');
    const type = of(':message-type') === 'event' ? of(':event-type') : of(':exception-type') || 'unknownException';
    return read(type, Buffer.from(body).toString('utf8')) ?? '';
  } catch {
    return undefined;
  }
}
