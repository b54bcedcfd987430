import { describe, expect, it } from '@jest/globals';
import type { DialectName } from '@sluice/core';
import fc from 'fast-check';
import { eventDecoder } from '../framing/event-decoders.ts';
import { DIALECTS } from '../registry.ts';
import { SerialEvents } from './serial-events.ts';
import { collectEvents, type NeutralEvent } from './stream.ts';

const context = { model: 'm', id: 'own', createdS: 1, streamUsage: true, framing: 'sse' as const };

function inOrder(events: readonly NeutralEvent[]): NeutralEvent[] {
  const serial = new SerialEvents();
  return [...events.flatMap((event) => serial.next(event)), ...serial.rest()];
}

const call = (n: number, id = `call_${n}`): NeutralEvent => ({ type: 'tool_call', choice: 0, call: n, id, name: `f${n}` });
const args = (n: number, text: string): NeutralEvent => ({ type: 'tool_arguments', choice: 0, call: n, text });
const text = (value: string): NeutralEvent => ({ type: 'text', choice: 0, text: value });
const finish: NeutralEvent = { type: 'finish', choice: 0, reason: 'tool_calls' };

/** Pieces of parallel calls, written alternately, with text and reasoning between them. */
const stream = fc
  .record({
    calls: fc.array(
      fc.record({ args: fc.option(fc.dictionary(fc.string(), fc.jsonValue()), { nil: undefined }), cuts: fc.array(fc.nat(40)) }),
      {
        maxLength: 3,
      },
    ),
    others: fc.array(
      fc.oneof(
        fc.string({ minLength: 1 }).map(text),
        fc.string({ minLength: 1 }).map((value): NeutralEvent => ({ type: 'reasoning', choice: 0, text: value })),
        fc.string({ minLength: 1 }).map((value): NeutralEvent => ({ type: 'refusal', choice: 0, text: value })),
        fc.constant<NeutralEvent>({ type: 'image', choice: 0, source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } }),
      ),
      { maxLength: 6 },
    ),
    turns: fc.array(fc.nat(9), { minLength: 60, maxLength: 60 }),
  })
  .map(({ calls, others, turns }): NeutralEvent[] => {
    const queues: NeutralEvent[][] = calls.map((one, n) => {
      const whole = one.args === undefined ? '' : JSON.stringify(one.args);
      const at = [0, ...one.cuts.map((cut) => cut % (whole.length + 1)).sort((x, y) => x - y), whole.length];
      return [call(n), ...at.slice(1).map((end, k) => args(n, whole.slice(at[k], end)))];
    });
    queues.push([...others]);
    const events: NeutralEvent[] = [];
    for (let n = 0; queues.some((queue) => queue.length > 0); n++) {
      const open = queues.filter((queue) => queue.length > 0);
      events.push((open[(turns[n % turns.length] as number) % open.length] as NeutralEvent[]).shift() as NeutralEvent);
    }
    return [{ type: 'start', id: 'r', model: 'm' }, ...events, finish];
  });

const argumentsBy = (events: readonly NeutralEvent[]) =>
  collectEvents(events).choices[0]?.parts.flatMap((part) => (part.type === 'tool_call' ? [[part.name, part.arguments]] : []));

const wordsOf = (events: readonly NeutralEvent[]) =>
  events.filter(({ type }) => type === 'text' || type === 'reasoning' || type === 'refusal' || type === 'image');

describe('SerialEvents', () => {
  it('completes each part before the next begins', () => {
    fc.assert(
      fc.property(stream, (events) => {
        let open: number | undefined;
        for (const event of inOrder(events)) {
          if (event.type === 'tool_arguments') expect(event.call).toBe(open);
          else open = event.type === 'tool_call' ? event.call : undefined;
        }
      }),
    );
  });

  it('loses no event, and writes {} for missing arguments', () => {
    fc.assert(
      fc.property(stream, (events) => {
        const ordered = inOrder(events);
        const given = argumentsBy(events)?.map(([name, value]) => [name, value === '' ? '{}' : value]);
        expect(argumentsBy(ordered)?.sort()).toEqual(given?.sort());
        expect(wordsOf(ordered)).toEqual(wordsOf(events));
      }),
    );
  });

  it('holds no event when nothing is written alternately', () => {
    const serial = new SerialEvents();
    for (const event of [text('a'), call(0), args(0, '{"x"'), args(0, ':1}'), text('b'), call(1), args(1, '{}'), call(2)]) {
      expect(serial.next(event)).toEqual([event]);
    }
    expect(serial.held).toBe(0);
  });

  it("holds events between two pieces of one call's arguments until they are complete", () => {
    const serial = new SerialEvents();
    const given = [call(0), args(0, '{"x"'), text('\n'), args(0, ':1}'), text('b')];
    expect(given.map((event) => serial.next(event))).toEqual([[given[0]], [given[1]], [], [given[3], given[2]], [given[4]]]);
  });

  it('releases the held events of a truncated stream, and invents no arguments', () => {
    expect(inOrder([call(0), text('held')])).toEqual([call(0), text('held')]);
  });

  it('drops arguments of a call that never began', () => {
    expect(inOrder([args(7, '{}'), text('a'), finish])).toEqual([text('a'), { ...finish, reason: 'stop' }]);
  });

  it('generates ids for calls without one, or with a repeated one', () => {
    const ids = inOrder([call(0, ''), args(0, '{}'), call(1, 'a'), args(1, '{}'), call(2, 'a'), args(2, '{}'), finish]).flatMap(
      (event) => (event.type === 'tool_call' ? [event.id] : []),
    );
    expect(new Set(ids).size).toBe(3);
    expect(ids[1]).toBe('a');
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9_-]+$/);
  });

  it('reports a plain stop for calls that never arrived', () => {
    expect(inOrder([text('a'), finish]).at(-1)).toEqual({ ...finish, reason: 'stop' });
  });
});

/** Beginning and end of a block in each format, by its number. */
const BLOCKS: Partial<
  Record<DialectName, (event: Record<string, unknown>) => { open?: unknown; close?: unknown; within?: unknown }>
> = {
  'anthropic-messages': ({ type, index }) =>
    type === 'content_block_start' ? { open: index } : type === 'content_block_stop' ? { close: index } : { within: index },
  'openai-responses': ({ type, output_index }) =>
    type === 'response.output_item.added'
      ? { open: output_index }
      : type === 'response.output_item.done'
        ? { close: output_index }
        : { within: output_index },
};

describe.each(Object.keys(BLOCKS) as (keyof typeof BLOCKS)[])('stream written as %s', (name) => {
  it('closes each block before the next begins', () => {
    const blockOf = BLOCKS[name] as NonNullable<(typeof BLOCKS)[typeof name]>;
    fc.assert(
      fc.property(stream, (events) => {
        const writer = DIALECTS[name].writeStream(context);
        const wire =
          inOrder(events)
            .map((event) => writer.write(event))
            .join('') + writer.end();
        let open: unknown;
        let next = 0;
        for (const data of eventDecoder('sse').feed(Buffer.from(wire))) {
          const block = blockOf(JSON.parse(data) as Record<string, unknown>);
          if (block.open !== undefined) {
            expect([open, block.open]).toEqual([undefined, next++]);
            open = block.open;
          } else if (block.close !== undefined) {
            expect(block.close).toBe(open);
            open = undefined;
          } else if (block.within !== undefined) expect(block.within).toBe(open);
        }
        expect(open).toBeUndefined();
      }),
    );
  });
});

describe('stream written as bedrock-converse', () => {
  it('writes blocks of Bedrock in sequence', () => {
    fc.assert(
      fc.property(stream, (events) => {
        const writer = DIALECTS['bedrock-converse'].writeStream(context);
        const wire =
          inOrder(events)
            .map((event) => writer.write(event))
            .join('') + writer.end();
        const indexes = eventDecoder('sse')
          .feed(Buffer.from(wire))
          .flatMap((data) => Object.values(JSON.parse(data) as Record<string, { contentBlockIndex?: number }>))
          .flatMap(({ contentBlockIndex }) => contentBlockIndex ?? []);
        expect(indexes).toEqual([...indexes].sort((x, y) => x - y));
      }),
    );
  });
});
