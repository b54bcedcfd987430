import { describe, expect, it } from '@jest/globals';
import type { Message, NeutralRequest, Part } from '@sluice/dialects';
import fc from 'fast-check';
import { shapeResults } from './shape-results.ts';

const text = (content: string): Part => ({ type: 'text', text: content });
const call = (id: string): Part => ({ type: 'tool_call', id, name: 'f', arguments: '{}' });
const result = (callId: string, content = `of ${callId}`): Part => ({
  type: 'tool_result',
  callId,
  parts: [text(content)],
});
const user = (...parts: Part[]): Message => ({ role: 'user', parts });
const assistant = (...parts: Part[]): Message => ({ role: 'assistant', parts });
const shaped = (...messages: Message[]) => shapeResults({ messages }).messages;

const HI = user(text('hi'));
const NOTE = user(text('note'));
const NONE = 'No result.';

describe('shapeResults', () => {
  it('returns a conversation with a result for each call unchanged', () => {
    const request: NeutralRequest = {
      messages: [HI, assistant(call('a'), call('b')), user(result('b')), user(result('a'), text('and')), assistant(call('c'))],
    };
    expect(shapeResults(request)).toBe(request);
  });

  it.each<[what: string, given: Message[], expected: Message[]]>([
    [
      'a call without a result',
      [HI, assistant(call('a'), call('b')), user(result('b'), text('go on'))],
      [HI, assistant(call('a'), call('b')), user(result('a', NONE), result('b')), user(text('go on'))],
    ],
    ['a call that the user ignored', [HI, assistant(call('a')), NOTE], [HI, assistant(call('a')), user(result('a', NONE)), NOTE]],
    [
      'a late result',
      [HI, assistant(call('a'), call('b')), user(result('b')), NOTE, assistant(text('ok')), user(result('a'))],
      [HI, assistant(call('a'), call('b')), user(result('a'), result('b')), NOTE, assistant(text('ok'))],
    ],
    [
      'a result after a text of the user',
      [HI, assistant(call('a')), NOTE, user(result('a'))],
      [HI, assistant(call('a')), user(result('a')), NOTE],
    ],
    [
      'a result without a call',
      [HI, user(result('z')), assistant(text('ok')), NOTE],
      [HI, user(text('Result of a call that is not in the conversation:'), text('of z')), assistant(text('ok')), NOTE],
    ],
    [
      'two calls with the same id',
      [HI, assistant(call('a')), NOTE, assistant(call('a')), user(result('a'))],
      [HI, assistant(call('a')), user(result('a', NONE)), NOTE, assistant(call('a')), user(result('a'))],
    ],
    [
      'a pending call at the end',
      [HI, assistant(call('a')), NOTE, assistant(call('b'))],
      [HI, assistant(call('a')), user(result('a', NONE)), NOTE, assistant(call('b'))],
    ],
  ])('pairs calls and results in a conversation with %s', (_what, given, expected) => {
    expect(shaped(...given)).toEqual(expected);
  });

  it('pairs calls and results of any conversation without losing a result', () => {
    const id = fc.constantFrom('a', 'b', 'c');
    const message = fc.oneof(
      fc
        .array(fc.oneof(id.map(call), fc.constant(text('said'))), { minLength: 1, maxLength: 3 })
        .map((parts) => assistant(...parts)),
      fc
        .array(
          fc.oneof(
            id.map((one) => result(one)),
            fc.constant(text('said')),
          ),
          { minLength: 1, maxLength: 3 },
        )
        .map((parts) => user(...parts)),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), (messages) => {
        const once = shapeResults({ messages });
        expect(shapeResults(once)).toBe(once);
        const count = (all: readonly Message[]) => JSON.stringify(all).split('"of ').length;
        expect(count(once.messages)).toBe(count(messages));
      }),
    );
  });
});
