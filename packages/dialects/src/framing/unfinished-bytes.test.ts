import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JsonArrayElements } from './json-array.ts';
import { SseEvents } from './sse-events.ts';
import { UnfinishedBytes } from './unfinished-bytes.ts';

const MIB = 1024 * 1024;

describe('UnfinishedBytes', () => {
  it('keeps the remaining bytes in order, and never changes bytes that were handed out', () => {
    const step = fc.record({
      chunk: fc.uint8Array({ maxLength: 50 }),
      taken: fc.double({ min: 0, max: 1, noNaN: true }),
      takes: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const unfinished = new UnfinishedBytes();
        let expected = Buffer.alloc(0);
        const given: [seen: Buffer, copy: Buffer][] = [];
        for (const { chunk, taken, takes } of steps) {
          expected = Buffer.concat([expected, chunk]);
          const bytes = unfinished.with(Buffer.from(chunk));
          expect(bytes.equals(expected)).toBe(true);
          const offset = takes ? Math.floor(taken * bytes.length) : 0;
          const event = bytes.subarray(0, offset);
          given.push([event, Buffer.from(event)]);
          unfinished.from(offset);
          expected = expected.subarray(offset);
          expect(unfinished.length).toBe(expected.length);
        }
        for (const [seen, copy] of given) expect(seen.equals(copy)).toBe(true);
        expect(unfinished.take().equals(expected)).toBe(true);
      }),
    );
  });

  // copying the unfinished bytes with each chunk takes about 200 times as long as copying all of them once
  it.each([
    ['server-sent event', new SseEvents(), 'data: "', '"\n\n', 10],
    ['element of a JSON array', new JsonArrayElements(), '[{"a":"', '"}', 50],
  ] as const)('takes time in proportion to the length of a %s of 64 MiB', (_what, reader, head, tail, most) => {
    const chunks = [Buffer.from(head), ...Array.from({ length: 1_024 }, () => Buffer.alloc(65_536, 'x')), Buffer.from(tail)];
    const timeOf = (work: () => number): number => {
      const startedMs = performance.now();
      expect(work()).toBeGreaterThanOrEqual(64 * MIB);
      return performance.now() - startedMs;
    };
    const least = (work: () => number): number => Math.min(...Array.from({ length: 3 }, () => timeOf(work)));
    const copying = least(() => {
      const whole = Buffer.concat(chunks);
      whole.indexOf(0);
      return whole.length;
    });
    const cutting = least(() => chunks.flatMap((chunk) => reader.feed(chunk)).reduce((sum, event) => sum + event.length, 0));
    expect(cutting / copying).toBeLessThan(most);
  });
});
