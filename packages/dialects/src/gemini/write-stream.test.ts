import { describe, expect, it } from '@jest/globals';
import type { NeutralEvent } from '../neutral/stream.ts';
import { GeminiEventWriter } from './write-stream.ts';

const context = { model: 'm', id: 'i', createdS: 1, streamUsage: true, framing: 'sse' as const };
const start: NeutralEvent = { type: 'start', id: 'r', model: 'm' };
const text = (value: string): NeutralEvent => ({ type: 'text', choice: 0, text: value });
const call: NeutralEvent[] = [
  { type: 'tool_call', choice: 0, call: 0, id: 'a', name: 'f' },
  { type: 'tool_arguments', choice: 0, call: 0, text: '{"x":1}' },
];
const finish: NeutralEvent = { type: 'finish', choice: 0, reason: 'stop' };

/** Returns the first candidate of each event. */
const candidates = (written: string) =>
  written
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => (JSON.parse(event.slice('data: '.length)) as { candidates: Record<string, unknown>[] }).candidates[0]);

describe('GeminiEventWriter', () => {
  it('writes each piece of text at once, and ends with an empty text like Gemini', () => {
    const writer = new GeminiEventWriter(context);
    expect([start, text('one '), text('two'), finish].map((event) => candidates(writer.write(event)).length)).toEqual([
      0, 1, 1, 0,
    ]);
    expect(candidates(writer.end())).toEqual([
      { content: { role: 'model', parts: [{ text: '' }] }, finishReason: 'STOP', index: 0 },
    ]);
  });

  it('writes the final calls last, so that no piece separates them from their results', () => {
    const writer = new GeminiEventWriter(context);
    const written = [start, text('I look.'), ...call, finish].map((event) => writer.write(event)).join('');
    expect(candidates(written)).toHaveLength(1);
    const [last, ...others] = candidates(writer.end());
    expect(others).toEqual([]);
    expect(last).toMatchObject({ content: { parts: [{ functionCall: { name: 'f', args: { x: 1 } } }] }, finishReason: 'STOP' });
  });

  it('writes calls before a later text in their own piece', () => {
    const writer = new GeminiEventWriter(context);
    const written = [start, ...call, text('done'), finish].map((event) => writer.write(event)).join('');
    expect(candidates(written)).toMatchObject([
      { content: { parts: [{ functionCall: { name: 'f' } }] } },
      { content: { parts: [{ text: 'done' }] } },
    ]);
  });

  it('writes the calls of each turn when a stream contains several turns', () => {
    const writer = new GeminiEventWriter(context);
    const written = [start, ...call, finish, text('done'), finish].map((event) => writer.write(event)).join('');
    expect(candidates(written)).toMatchObject([
      { content: { parts: [{ functionCall: { name: 'f' } }] } },
      { content: { parts: [{ text: 'done' }] } },
    ]);
  });

  it('writes the calls when the provider breaks off after them', () => {
    const writer = new GeminiEventWriter(context);
    for (const event of [start, ...call, finish]) writer.write(event);
    expect(candidates(writer.flush())).toHaveLength(1);
    expect(writer.flush()).toBe('');
  });
});
