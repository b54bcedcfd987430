import { describe, expect, it } from '@jest/globals';
import { joinedCalls, markedCalls } from './repair-contents.ts';

const call = (name: string, more: object = {}) => ({ functionCall: { name, args: {} }, ...more });
const result = (name: string) => ({ functionResponse: { name, response: {} } });
const model = (...parts: object[]) => ({ role: 'model', parts });
const user = (...parts: object[]) => ({ role: 'user', parts });
const ask = user({ text: 'Go.' });
const signed = { thoughtSignature: 'c2ln' };

describe('joinedCalls', () => {
  it.each([
    ['one content with all results', [user(result('f'), result('g'))]],
    ['one content per result', [user(result('f')), user(result('g'))]],
  ])('joins parallel calls in separate contents before %s', (_, results) => {
    const contents = [
      ask,
      model({ text: 'I look.' }),
      model(call('f', signed)),
      model(call('g')),
      model({ text: '' }),
      ...results,
      ask,
    ];
    expect(joinedCalls(contents)).toEqual([
      ask,
      model({ text: 'I look.' }, call('f', signed), call('g'), { text: '' }),
      user(result('f'), result('g')),
      ask,
    ]);
  });

  it('joins parallel calls with names in snake case', () => {
    const split = [
      { role: 'model', parts: [{ function_call: {} }] },
      { role: 'model', parts: [{ function_call: {} }] },
    ];
    const results = user({ function_response: {} }, { function_response: {} });
    expect(joinedCalls([ask, ...split, results])).toHaveLength(3);
  });

  it.each([
    ['calls of one content', [ask, model(call('f'), call('g')), user(result('f'), result('g'))]],
    ['an empty text after a call', [ask, model(call('f')), model({ text: '' }), user(result('f'))]],
    ['calls one after the other', [ask, model(call('f')), user(result('f')), model(call('g')), user(result('g'))]],
    ['a missing result', [ask, model(call('f')), model(call('g')), user(result('f'))]],
    ['no calls', [ask, model({ text: 'a' }), model({ text: 'b' })]],
    ['no contents', []],
  ])('returns a history with %s unchanged', (_, contents) => {
    expect(joinedCalls(contents)).toBe(contents);
  });
});

describe('markedCalls', () => {
  const SKIP = { thoughtSignature: 'skip_thought_signature_validator' };

  it('marks the first unsigned call of each content in the current turn', () => {
    const before = [ask, model(call('f')), user(result('f'))];
    const contents = [
      ...before,
      ask,
      model(call('f', signed)),
      user(result('f')),
      model(call('g'), call('h')),
      user(result('g')),
    ];
    expect(markedCalls(contents)).toEqual(contents.with(6, model(call('g', SKIP), call('h'))));
  });

  it('returns a history with signatures unchanged', () => {
    const contents = [ask, model(call('f', signed), call('g')), user(result('f'), result('g'))];
    expect(markedCalls(contents)).toBe(contents);
  });
});
