import { describe, expect, it } from '@jest/globals';
import { EventStreamCodec } from '@smithy/core/event-streams';
import fc from 'fast-check';
import { bedrock } from './bedrock.ts';
import { bedrockClaude } from './bedrock-claude.ts';

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
  (text) => Buffer.from(text),
);
const text = (value: string) => ({ type: 'string' as const, value });
const frame = (type: string, payload: string, kind: 'event' | 'exception' = 'event'): Buffer =>
  Buffer.from(
    codec.encode({ headers: { ':message-type': text(kind), [`:${kind}-type`]: text(type) }, body: Buffer.from(payload) }),
  );

const delta = (n: number): string => JSON.stringify({ contentBlockIndex: 0, delta: { text: `Wörter ${n}` } });
const frames = Buffer.concat([1, 2, 3].map((n) => frame('contentBlockDelta', delta(n))));
const expected = [1, 2, 3].map((n) => `{"contentBlockDelta":${delta(n)}}`);

describe('event stream of AWS', () => {
  it('cuts frames into the same events for any chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(frames.length)), (places) => {
        const decoder = bedrock.framing?.decoder();
        const at = [0, ...places.sort((a, b) => a - b), frames.length];
        const events = at.slice(1).flatMap((end, n) => decoder?.feed(frames.subarray(at[n], end)) ?? []);
        expect(events).toEqual(expected);
      }),
    );
  });

  it('stops at a damaged frame without inventing events', () => {
    fc.assert(
      fc.property(fc.nat(frames.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const damaged = Buffer.from(frames);
        damaged[place] = ((damaged[place] as number) + change) % 256;
        const events = bedrock.framing?.decoder().feed(damaged) ?? [];
        expect(expected.slice(0, events.length)).toEqual(events);
        expect(events.length).toBeLessThan(expected.length);
      }),
    );
  });

  it('survives arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const endpoint of [bedrock, bedrockClaude]) endpoint.framing?.decoder().feed(Buffer.from(bytes));
      }),
    );
  });

  it('reports an exception with its type', () => {
    const exception = frame('throttlingException', '{"message":"slow down"}', 'exception');
    expect(bedrock.framing?.decoder().feed(exception)).toEqual(['{"throttlingException":{"message":"slow down"}}']);
    const [claude = ''] = bedrockClaude.framing?.decoder().feed(exception) ?? [];
    expect(JSON.parse(claude)).toMatchObject({ type: 'error' });
  });

  it('decodes the base64 of frames around Claude’s events', () => {
    const event = '{"type":"message_stop"}';
    const chunk = frame('chunk', JSON.stringify({ bytes: Buffer.from(event).toString('base64') }));
    expect(bedrockClaude.framing?.decoder().feed(chunk)).toEqual([event]);
    expect(bedrockClaude.framing?.asServerSentEvent(event)).toBe(`event: message_stop\ndata: ${event}\n\n`);
  });
});
