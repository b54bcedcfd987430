import { EventStreamCodec } from '@smithy/core/event-streams';

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
  (text) => Buffer.from(text),
);

/** Encodes events of Amazon's Converse, `{type: payload}` each, in Amazon's binary frames. */
export const converseFrames = (events: readonly string[]): Buffer =>
  Buffer.concat(
    events.map((event) => {
      const [[type, payload] = ['', {}]] = Object.entries(JSON.parse(event) as Record<string, unknown>);
      return frame(type, JSON.stringify(payload));
    }),
  );

/** Encodes events of Claude's own wire format as Bedrock sends them: each in base64, in a chunk. */
export const claudeFrames = (events: readonly string[]): Buffer =>
  Buffer.concat(events.map((event) => frame('chunk', JSON.stringify({ bytes: Buffer.from(event).toString('base64') }))));

function frame(type: string, body: string): Buffer {
  const text = (value: string) => ({ type: 'string' as const, value });
  const headers = { ':message-type': text('event'), ':event-type': text(type), ':content-type': text('application/json') };
  return Buffer.from(codec.encode({ headers, body: Buffer.from(body) }));
}
