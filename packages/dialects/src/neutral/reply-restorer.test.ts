import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ReplyRestorer } from './reply-restorer.ts';
import { collectEvents, type NeutralEvent } from './stream.ts';

const stream = (pieces: readonly string[]): NeutralEvent[] => [
  { type: 'start', id: 'r', model: 'm' },
  ...pieces.map((text): NeutralEvent => ({ type: 'text', choice: 0, text })),
  { type: 'finish', choice: 0, reason: 'stop' },
];

/** Returns the text of a stream and how it ended. */
function restored(pieces: readonly string[], stop: readonly string[]) {
  const restorer = new ReplyRestorer({ toolNames: new Map(), stop });
  const [choice] = collectEvents(stream(pieces).flatMap((event) => restorer.event(event))).choices;
  const text = choice?.parts.map((part) => (part.type === 'text' ? part.text : '')).join('') ?? '';
  return { text, finish: choice?.finish, met: choice?.stopSequence };
}

describe('ReplyRestorer', () => {
  it('ends a text at the stop sequence that is complete first, however it is split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 6 })),
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n'), minLength: 1, maxLength: 3 }), {
          minLength: 1,
          maxLength: 3,
        }),
        (pieces, stop) => {
          const whole = pieces.join('');
          const lengths = Array.from({ length: whole.length + 1 }, (_, length) => length);
          const endedBy = (length: number) => stop.filter((sequence) => whole.slice(0, length).endsWith(sequence));
          const end = lengths.find((length) => endedBy(length).length > 0);
          const begin = end === undefined ? whole.length : end - Math.max(...endedBy(end).map((sequence) => sequence.length));
          const { text, finish } = restored(pieces, stop);
          expect(text).toBe(whole.slice(0, begin));
          expect(finish).toBe(end === undefined ? 'stop' : 'stop_sequence');
        },
      ),
    );
  });

  it.each<[given: string, name: string]>([
    ['Bash', 'Bash'],
    ['default_api:Bash', 'Bash'],
    ['default_api.Bash', 'Bash'],
    ['functions.Bash', 'Bash'],
    ['bash', 'Bash'],
    ['Bash<|channel|>commentary', 'Bash'],
    ['functions.get', 'functions.get'],
    ['READ', 'READ'],
    ['short', 'a_long_name'],
    ['default_api:short', 'a_long_name'],
    ['unknown', 'unknown'],
  ])('reads a call of %s as one of the offered tool %s', (given, name) => {
    const offered = new Set(['Bash', 'functions.get', 'read', 'Read', 'short']);
    const restorer = new ReplyRestorer({ toolNames: new Map([['short', 'a_long_name']]), stop: [], offered });
    const [event] = restorer.event({ type: 'tool_call', choice: 0, call: 0, id: 'c', name: given });
    expect(event).toMatchObject({ name });
    const call = { type: 'tool_call' as const, id: 'c', name: given, arguments: '{}' };
    const reply = { id: 'r', model: 'm', choices: [{ parts: [call], finish: 'tool_calls' as const }] };
    expect(restorer.reply(reply).choices[0]?.parts).toEqual([{ ...call, name }]);
  });

  it('ends a whole reply at the stop sequence, and omits the rest', () => {
    const restorer = new ReplyRestorer({ toolNames: new Map(), stop: ['END'] });
    const call = { type: 'tool_call' as const, id: 'c', name: 'f', arguments: '{}' };
    const { choices } = restorer.reply({
      id: 'r',
      model: 'm',
      choices: [{ parts: [{ type: 'text', text: 'one END two' }, call], finish: 'tool_calls' }],
    });
    expect(choices).toEqual([{ parts: [{ type: 'text', text: 'one ' }], finish: 'stop_sequence', stopSequence: 'END' }]);
  });

  it('keeps a reply without a stop sequence', () => {
    const restorer = new ReplyRestorer({ toolNames: new Map(), stop: ['END'] });
    const reply = {
      id: 'r',
      model: 'm',
      choices: [{ parts: [{ type: 'text' as const, text: 'one EN' }], finish: 'stop' as const }],
    };
    expect(restorer.reply(reply)).toEqual(reply);
  });

  it("restores the client's tool names in calls", () => {
    const restorer = new ReplyRestorer({ toolNames: new Map([['short', 'a.long.name']]), stop: [] });
    const call = { type: 'tool_call' as const, id: 'c', name: 'short' };
    expect(restorer.event({ ...call, choice: 0, call: 0 })).toMatchObject([{ name: 'a.long.name' }]);
    const reply = { id: 'r', model: 'm', choices: [{ parts: [{ ...call, arguments: '{}' }], finish: 'tool_calls' as const }] };
    expect(restorer.reply(reply).choices[0]?.parts).toMatchObject([{ name: 'a.long.name' }]);
  });
});
