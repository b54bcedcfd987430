import { eventDecoder, isObject, parseJson } from '@sluice/dialects';
import { EventStreamCodec } from '@smithy/core/event-streams';
import type { Frames } from './question.ts';

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
  (text) => Buffer.from(text),
);

export const contentTypeOf = (frames: Frames): string => {
  if (frames === 'sse') return 'text/event-stream; charset=utf-8';
  return frames === 'json-array' ? 'application/json' : 'application/vnd.amazon.eventstream';
};

/** Converts a server-sent event to a stream's framing. */
export function framed(event: string, frames: Frames): Buffer {
  if (frames === 'sse' || frames === 'json-array') return Buffer.from(event);
  const parts = eventDecoder('sse').feed(Buffer.from(event));
  return Buffer.concat(parts.map((data) => (frames === 'claude' ? chunk(data) : converse(data))));
}

const frame = (type: string, kind: 'event' | 'exception', body: string): Buffer => {
  const text = (value: string) => ({ type: 'string' as const, value });
  const headers = { ':message-type': text(kind), [`:${kind}-type`]: text(type), ':content-type': text('application/json') };
  return Buffer.from(codec.encode({ headers, body: Buffer.from(body) }));
};

const chunk = (data: string): Buffer => frame('chunk', 'event', JSON.stringify({ bytes: Buffer.from(data).toString('base64') }));

/** Converts an event of Converse. The header of its frame contains the event's type. */
function converse(data: string): Buffer {
  const value = parseJson(data);
  const [entry] = isObject(value) ? Object.entries(value) : [];
  if (entry === undefined) return Buffer.alloc(0);
  return frame(entry[0], entry[0].endsWith('Exception') ? 'exception' : 'event', JSON.stringify(entry[1]));
}
