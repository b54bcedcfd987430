import { type EventDecoder, UnfinishedBytes } from '@sluice/dialects';
import { EventStreamCodec } from '@smithy/core/event-streams';
import type { Framing } from './endpoint.ts';

/** A frame's length is in its first four bytes; no event of a model is as long as this. */
const HEAD = 4;
const MIN_FRAME = 16;
const MAX_FRAME = 16 * 1024 * 1024;

interface Reading {
  /** An event's data, JSON text, from the type in its frame's head and its payload. */
  read(type: string, payload: string): string | undefined;
  asServerSentEvent(data: string): string;
}

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
  (text) => Buffer.from(text),
);

/**
 * Amazon's binary frames, each with its type, its length and two checksums.
 * Source: AWS' documentation, "Event stream encoding".
 */
export function awsEventStream({ read, asServerSentEvent }: Reading): Framing {
  return {
    contentType: 'application/vnd.amazon.eventstream',
    cutter: () => frameCutter(read),
    asServerSentEvent,
  };
}

function frameCutter(read: Reading['read']): EventDecoder {
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
      // what cannot be read is a stream that was cut: nothing after it is looked at
      if (broken) unfinished.take();
      else unfinished.from(at);
      return events;
    },
    flush: () => [],
    unfinished: () => unfinished.length,
  };
}

/** The data of a frame; empty for a frame without data, undefined for a damaged one. */
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
