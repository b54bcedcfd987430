import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { collectEvents, type NeutralEvent } from '../neutral/stream.ts';
import { OpenAiEventReader } from './read-stream.ts';

const delta = (value: object, finish: string | null = null) => ({
  id: 'c',
  choices: [{ index: 0, delta: value, finish_reason: finish }],
});
const calls = (...pieces: object[]) => delta({ tool_calls: pieces });

/** Reads the calls of a stream with these chunks. */
function read(chunks: readonly object[], finish = 'tool_calls') {
  const reader = new OpenAiEventReader();
  const events: NeutralEvent[] = [...chunks, delta({}, finish)].flatMap((chunk) => reader.read(chunk as Record<string, unknown>));
  const [choice] = collectEvents(events).choices;
  const parts = choice?.parts.filter((part) => part.type === 'tool_call') ?? [];
  return { calls: parts.map(({ id, name, arguments: text }) => `${id}|${name}|${text}`), finish: choice?.finish };
}

const f = (text: string) => ({ name: 'f', arguments: text });
const g = (text: string) => ({ name: 'g', arguments: text });

describe('tool calls in a stream of chat completions', () => {
  it.each<[what: string, chunks: object[], calls: string[]]>([
    [
      'as OpenAI writes them',
      [
        calls({ index: 0, id: 'a', type: 'function', function: f('') }),
        calls({ index: 0, function: { arguments: '{"x"' } }),
        calls({ index: 0, function: { arguments: ':1}' } }),
        calls({ index: 1, id: 'b', type: 'function', function: g('') }),
        calls({ index: 1, function: { arguments: '{}' } }),
      ],
      ['a|f|{"x":1}', 'b|g|{}'],
    ],
    [
      'without an index',
      [calls({ id: 'a', function: f('{"x":1}') }), calls({ id: 'b', function: g('{}') })],
      ['a|f|{"x":1}', 'b|g|{}'],
    ],
    [
      'without an index, in pieces',
      [calls({ id: 'a', function: f('{"x"') }), calls({ function: { arguments: ':1}' } }), calls({ id: 'b', function: g('{}') })],
      ['a|f|{"x":1}', 'b|g|{}'],
    ],
    [
      'without an index, in one chunk',
      [calls({ id: 'a', function: f('{}') }, { id: 'b', function: g('{}') })],
      ['a|f|{}', 'b|g|{}'],
    ],
    [
      'with one index for all',
      [
        calls({ index: 0, id: 'a', function: f('{"x"') }),
        calls({ index: 0, function: { arguments: ':1}' } }),
        calls({ index: 0, id: 'b', function: g('{"y":2}') }),
      ],
      ['a|f|{"x":1}', 'b|g|{"y":2}'],
    ],
    [
      'with one index for all, of one tool without arguments',
      [calls({ index: 0, id: 'a', function: f('') }), calls({ index: 0, id: 'b', function: f('') })],
      ['a|f|', 'b|f|'],
    ],
    [
      'with one index for all and no id',
      [calls({ index: 0, function: f('{"x":1}') }), calls({ index: 0, function: f('{"x":2}') })],
      ['|f|{"x":1}', '|f|{"x":2}'],
    ],
    ['with no id, index or end, in one chunk', [calls({ function: f('') }, { function: f('') })], ['|f|', '|f|']],
    [
      'with the id and the name in each piece',
      [calls({ index: 0, id: 'a', function: f('{"x"') }), calls({ index: 0, id: 'a', function: f(':1}') })],
      ['a|f|{"x":1}'],
    ],
    [
      'with the name in each piece, and no id',
      [calls({ index: 0, function: f('{"x"') }), calls({ index: 0, function: f(':1}') })],
      ['|f|{"x":1}'],
    ],
    [
      'with the name in a later piece than the id',
      [calls({ index: 0, id: 'a', function: { arguments: '' } }), calls({ index: 0, function: f('{"x":1}') })],
      ['a|f|{"x":1}'],
    ],
    [
      'with the name after the arguments',
      [
        calls({ index: 0, id: 'a', function: { arguments: '{"x"' } }),
        calls({ index: 0, function: { name: 'f', arguments: ':1}' } }),
      ],
      ['a|f|{"x":1}'],
    ],
    [
      'with the id in a later piece than the name',
      [calls({ index: 0, function: { name: 'f' } }), calls({ index: 0, id: 'a', function: { arguments: '{}' } })],
      ['a|f|{}'],
    ],
    [
      'with empty ids and names in later pieces',
      [calls({ index: 0, id: 'a', function: f('{"x"') }), calls({ index: 0, id: '', function: { name: '', arguments: ':1}' } })],
      ['a|f|{"x":1}'],
    ],
    [
      'with arguments as an object',
      [calls({ index: 0, id: 'a', function: { name: 'f', arguments: { x: 1 } } })],
      ['a|f|{"x":1}'],
    ],
    ['with null for arguments', [calls({ index: 0, id: 'a', function: { name: 'f', arguments: null } })], ['a|f|']],
    [
      'with one id for two indexes',
      [calls({ index: 0, id: 'a', function: f('{}') }), calls({ index: 1, id: 'a', function: g('{}') })],
      ['a|f|{}', 'a|g|{}'],
    ],
    [
      'with one call under two indexes (LocalAI)',
      [calls({ index: 0, id: 'a', function: f('') }), calls({ index: 1, id: 'a', function: f('{"x":1}') })],
      ['a|f|{"x":1}'],
    ],
    [
      'with indexes from one',
      [calls({ index: 1, id: 'a', function: f('{}') }), calls({ index: 2, id: 'b', function: g('{}') })],
      ['a|f|{}', 'b|g|{}'],
    ],
    [
      'with complete arguments twice',
      [
        calls({ index: 0, id: 'a', function: f('{"x":1}') }),
        calls({ index: 0, function: { arguments: '{"x":1}' } }),
        calls({ index: 0, id: 'a', function: f('{"x":1}') }),
      ],
      ['a|f|{"x":1}'],
    ],
    [
      'of the older API',
      [
        delta({ function_call: { name: 'f', arguments: '' } }),
        delta({ function_call: { arguments: '{"x"' } }),
        delta({ function_call: { arguments: ':1}' } }),
      ],
      ['|f|{"x":1}'],
    ],
    [
      'in a message in place of a delta',
      [{ id: 'c', choices: [{ index: 0, message: { tool_calls: [{ id: 'a', function: f('{}') }] }, finish_reason: null }] }],
      ['a|f|{}'],
    ],
    [
      'of custom tools',
      [
        calls({ index: 0, id: 'a', type: 'custom', custom: { name: 'f', input: 'some ' } }),
        calls({ index: 0, custom: { input: 'words' } }),
      ],
      ['a|f|{"input":"some words"}'],
    ],
  ])('assembles tool calls %s', (_what, chunks, calls) => {
    expect(read(chunks)).toEqual({ calls, finish: 'tool_calls' });
  });

  it.each(['stop', 'STOP', 'tool_calls', 'function_call', 'tool_use', 'eos'])(
    'reports tool calls as the finish reason when the provider reports %s',
    (reason) => {
      expect(read([calls({ index: 0, id: 'a', function: f('{}') })], reason).finish).toBe('tool_calls');
    },
  );

  it.each([
    ['length', 'length'],
    ['max_tokens', 'length'],
    ['model_length', 'length'],
    ['content_filter', 'refusal'],
    ['sensitive', 'refusal'],
  ])('preserves the finish reason %s of a response with calls as %s', (reason, finish) => {
    expect(read([calls({ index: 0, id: 'a', function: f('{"x"') })], reason).finish).toBe(finish);
  });

  it('loses no piece of a call, however the pieces are split and interleaved', () => {
    const one = fc.record({
      name: fc.constantFrom('f', 'g', 'h'),
      args: fc.dictionary(fc.string(), fc.jsonValue()),
      cuts: fc.array(fc.nat(60)),
    });
    fc.assert(
      fc.property(
        fc.array(one, { minLength: 1, maxLength: 4 }),
        fc.infiniteStream(fc.nat(3)),
        fc.boolean(),
        (all, turns, ids) => {
          const queues = all.map(({ name, args, cuts }, index) => {
            const text = JSON.stringify(args);
            const at = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((x, y) => x - y), text.length];
            const pieces = at.slice(1).map((end, n) => ({ index, function: { arguments: text.slice(at[n], end) } }));
            return [{ index, ...(ids ? { id: `call_${index}` } : {}), function: { name, arguments: '' } }, ...pieces];
          });
          const chunks: object[] = [];
          for (const turn of turns) {
            const open = queues.filter((queue) => queue.length > 0);
            const queue = open[turn % Math.max(1, open.length)];
            if (queue === undefined) break;
            chunks.push(calls(queue.shift() as object));
          }
          const expected = all.map(({ name, args }, index) => `${ids ? `call_${index}` : ''}|${name}|${JSON.stringify(args)}`);
          expect([...read(chunks).calls].sort()).toEqual(expected.sort());
        },
      ),
    );
  });
});
