import { describe, expect, it } from '@jest/globals';
import type { DialectName } from '@sluice/core';
import fc from 'fast-check';
import type { NeutralEvent } from './neutral/stream.ts';
import { DIALECTS } from './registry.ts';
import { TranslatedStream } from './translation.ts';

const NAMES = Object.keys(DIALECTS) as DialectName[];
const context = { model: 'm1', id: 'own', createdS: 1, streamUsage: true, framing: 'sse' as const };

/** A response with all kinds of stream events, and with multi-byte characters. */
const events: readonly NeutralEvent[] = [
  { type: 'start', id: 'r1', model: 'm1' },
  { type: 'reasoning', choice: 0, text: 'Hmm … 思' },
  { type: 'reasoning', choice: 0, text: '', signature: 'c2ln' },
  { type: 'text', choice: 0, text: 'Grüße ' },
  { type: 'text', choice: 0, text: '👋🏽\r\n\n"data: x"' },
  { type: 'tool_call', choice: 0, call: 0, id: 'call_1', name: 'weather' },
  { type: 'tool_arguments', choice: 0, call: 0, text: '{"place":' },
  { type: 'tool_arguments', choice: 0, call: 0, text: '"Köln"}' },
  { type: 'finish', choice: 0, reason: 'tool_calls' },
  { type: 'usage', usage: { inputTokens: 7, outputTokens: 9, reasoningTokens: 2 } },
];

function wireOf(name: DialectName, ends: string): Buffer {
  const writer = DIALECTS[name].writeStream(context);
  const wire = events.map((event) => writer.write(event)).join('') + writer.end();
  // comments between events have no effect
  return Buffer.from(wire.replaceAll('\n\n', '\n\n: heartbeat\n\n').replaceAll('\n', ends));
}

function through(stream: { read(chunk: Buffer): Buffer; rest(): Buffer }, wire: Buffer, places: readonly number[]): string {
  const at = [0, ...places.map((place) => place % (wire.length + 1)).sort((a, b) => a - b), wire.length];
  const outputs = at.slice(1).map((end, n) => stream.read(wire.subarray(at[n], end)));
  return Buffer.concat([...outputs, stream.rest()]).toString('utf8');
}

/** Beginning of the event that reports a stream's completion. */
const END: Readonly<Record<DialectName, string>> = {
  'openai-chat': '"finish_reason":"tool_c',
  'openai-responses': '"type":"response.completed"',
  'anthropic-messages': '"stop_reason":"tool_',
  gemini: '"finishReason":"STO',
  'bedrock-converse': '"messageStop":{"stop',
};

const places = fc.array(fc.nat(10_000), { maxLength: 12 });
const ends = fc.constantFrom('\n', '\r\n', '\r');

describe.each(NAMES)('stream of %s', (from) => {
  it.each(NAMES.filter((to) => to !== from))(
    'translates to the same %s stream, wherever the bytes are split and however lines end',
    (to) => {
      const whole = through(new TranslatedStream(DIALECTS[from], DIALECTS[to], context), wireOf(from, '\n'), []);
      expect(whole).toContain('Köln');
      fc.assert(
        fc.property(places, ends, (cuts, end) => {
          const stream = new TranslatedStream(DIALECTS[from], DIALECTS[to], context);
          expect(through(stream, wireOf(from, end), cuts)).toBe(whole);
          expect(stream.outcome()).toMatchObject({ end: 'finished', usage: { inputTokens: 7, outputTokens: 9 } });
        }),
      );
    },
  );

  it('observes the same end wherever a stream is split, and forwards its bytes unchanged', () => {
    fc.assert(
      fc.property(places, ends, (cuts, end) => {
        const watcher = DIALECTS[from].watchStream(false, 'sse');
        const wire = wireOf(from, end);
        expect(through(watcher, wire, cuts)).toBe(wire.toString('utf8'));
        expect(watcher.outcome()).toMatchObject({ end: 'finished', usage: { inputTokens: 7, outputTokens: 9 } });
      }),
    );
  });

  it('never treats a truncated stream as complete', () => {
    const wire = wireOf(from, '\n');
    // into the event that reports the completion, but not to its end
    const last = wire.indexOf(END[from]) + END[from].length;
    fc.assert(
      fc.property(fc.nat(last), (length) => {
        for (const stream of [
          DIALECTS[from].watchStream(false, 'sse'),
          new TranslatedStream(DIALECTS[from], DIALECTS[from === 'gemini' ? 'openai-chat' : 'gemini'], context),
        ]) {
          through(stream, wire.subarray(0, length), []);
          expect(stream.outcome()).toMatchObject({ end: 'failed', error: { code: 'upstream_truncated' } });
        }
      }),
    );
  });

  it('accepts any bytes', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc
        .array(fc.jsonValue(), { maxLength: 5 })
        .map((values) => Buffer.from(values.map((one) => `data: ${JSON.stringify(one)}\n\n`).join(''))),
    );
    fc.assert(
      fc.property(noise, places, (bytes, cuts) => {
        for (const to of NAMES) through(new TranslatedStream(DIALECTS[from], DIALECTS[to], context), bytes, cuts);
        through(DIALECTS[from].watchStream(true, 'sse'), bytes, cuts);
        through(DIALECTS[from].watchStream(true, 'json-array'), bytes, cuts);
      }),
    );
  });
});
