import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { joined, SseEvents } from './sse-events.ts';

const cut = (bytes: Buffer, at: readonly number[]): Buffer[] => {
  const places = [...new Set(at.map((one) => one % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, n) => bytes.subarray(from, places[n] ?? bytes.length));
};
const read = (chunks: readonly Buffer[]) => {
  const events = new SseEvents();
  const found = chunks.flatMap((chunk) => events.feed(chunk)).map((event) => event.toString('utf8'));
  return { found, rest: events.flush().toString('utf8') };
};

describe('SseEvents', () => {
  it.each(['\n', '\r\n', '\r'])('ends an event at a blank line (line end %j)', (end) => {
    const text = [`data: 1${end}${end}`, `: a comment${end}${end}`, `event: x${end}data: 2${end}data: 3${end}${end}`].join('');
    // after a CR at the very end, an LF may still follow
    const { found, rest } = read([Buffer.from(text)]);
    expect([...found, ...(rest === '' ? [] : [rest])]).toEqual([
      `data: 1${end}${end}`,
      `: a comment${end}${end}`,
      `event: x${end}data: 2${end}data: 3${end}${end}`,
    ]);
  });

  it('finds the same events however the bytes are split, and loses none', () => {
    const line = fc.oneof(
      fc.constant('data: {"a":"é€😀"}'),
      fc.constant(': keep-alive'),
      fc.string().map((text) => `data: ${text.replace(/[\r\n]/g, '')}`),
    );
    const event = fc.tuple(fc.array(line, { minLength: 1, maxLength: 3 }), fc.constantFrom('\n', '\r\n', '\r'));
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), fc.array(fc.nat()), (events, places) => {
        // an event that ends with CR must not precede an event that begins with LF; no event does
        const text = events.map(([lines, end]) => lines.map((one) => one + end).join('') + end).join('');
        const bytes = Buffer.from(text);
        const whole = read([bytes]);
        const pieces = read(cut(bytes, places));
        expect(pieces).toEqual(whole);
        expect(pieces.found.join('') + pieces.rest).toBe(text);
        expect(whole.found.length + (whole.rest === '' ? 0 : 1)).toBe(events.length);
      }),
    );
  });
});

describe('joined', () => {
  const chunk = Buffer.from('data: a\n\ndata: b\n\ndata: c\n\n');
  const events = () => new SseEvents().feed(chunk);

  it('does not copy adjacent events', () => {
    const all = joined(events());
    expect(all.toString()).toBe(chunk.toString());
    expect([all.buffer, all.byteOffset]).toEqual([chunk.buffer, chunk.byteOffset]);
  });

  it('joins events that are not adjacent, or come from another buffer', () => {
    const [a, , c] = events() as [Buffer, Buffer, Buffer];
    expect(joined([a, c]).toString()).toBe('data: a\n\ndata: c\n\n');
    expect(joined([a, Buffer.from('data: x\n\n')]).toString()).toBe('data: a\n\ndata: x\n\n');
    expect(joined([c, a]).toString()).toBe('data: c\n\ndata: a\n\n');
    expect(joined([]).length).toBe(0);
  });
});
