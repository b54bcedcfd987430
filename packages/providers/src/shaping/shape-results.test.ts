import { describe, expect, it } from '@jest/globals';
import type { Message, NeutralRequest, Part } from '@sluice/dialects';
import fc from 'fast-check';
import { shapeResults } from './shape-results.ts';

const text = (said: string): Part => ({ type: 'text', text: said });
const call = (id: string): Part => ({ type: 'tool_call', id, name: 'f', arguments: '{}' });
const result = (callId: string, said = `of ${callId}`): Part => ({ type: 'tool_result', callId, parts: [text(said)] });
const user = (...parts: Part[]): Message => ({ role: 'user', parts });
const assistant = (...parts: Part[]): Message => ({ role: 'assistant', parts });
const shaped = (...messages: Message[]) => shapeResults({ messages }).messages;

const HI = user(text('hi'));
const NOTE = user(text('note'));
const NONE = 'No result.';

describe('shapeResults', () => {
  it('returns a conversation whose calls have their results as it is', () => {
    const request: NeutralRequest = {
      messages: [HI, assistant(call('a'), call('b')), user(result('b')), user(result('a'), text('and')), assistant(call('c'))],
    };
    expect(shapeResults(request)).toBe(request);
  });

  it.each<[what: string, given: Message[], expected: Message[]]>([
    [
      'gives a call without a result one that says so',
      [HI, assistant(call('a'), call('b')), user(result('b'), text('go on'))],
      [HI, assistant(call('a'), call('b')), user(result('a', NONE), result('b')), user(text('go on'))],
    ],
    [
      'gives one to a call that the user has passed over',
      [HI, assistant(call('a')), NOTE],
      [HI, assistant(call('a')), user(result('a', NONE)), NOTE],
    ],
    [
      'puts a late result behind its call',
      [HI, assistant(call('a'), call('b')), user(result('b')), NOTE, assistant(text('ok')), user(result('a'))],
      [HI, assistant(call('a'), call('b')), user(result('a'), result('b')), NOTE, assistant(text('ok'))],
    ],
    [
      'puts a result before what the user said in between',
      [HI, assistant(call('a')), NOTE, user(result('a'))],
      [HI, assistant(call('a')), user(result('a')), NOTE],
    ],
    [
      'makes a text of a result without a call',
      [HI, user(result('z')), assistant(text('ok')), NOTE],
      [HI, user(text('Result of a call that is not in the conversation:'), text('of z')), assistant(text('ok')), NOTE],
    ],
    [
      'answers the later of two calls of one id, and gives the earlier one none',
      [HI, assistant(call('a')), NOTE, assistant(call('a')), user(result('a'))],
      [HI, assistant(call('a')), user(result('a', NONE)), NOTE, assistant(call('a')), user(result('a'))],
    ],
    [
      'leaves calls at the end alone',
      [HI, assistant(call('a')), NOTE, assistant(call('b'))],
      [HI, assistant(call('a')), user(result('a', NONE)), NOTE, assistant(call('b'))],
    ],
  ])('%s', (_what, given, expected) => {
    expect(shaped(...given)).toEqual(expected);
  });

  it('pairs whatever it is given, and loses no result', () => {
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
