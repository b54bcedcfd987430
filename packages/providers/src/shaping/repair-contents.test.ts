import { describe, expect, it } from '@jest/globals';
import { joinedCalls, markedCalls } from './repair-contents.ts';

const call = (name: string, more: object = {}) => ({ functionCall: { name, args: {} }, ...more });
const result = (name: string) => ({ functionResponse: { name, response: {} } });
const model = (...parts: object[]) => ({ role: 'model', parts });
const user = (...parts: object[]) => ({ role: 'user', parts });
const ask = user({ text: 'Go.' });
const signed = { thoughtSignature: 'c2ln' };

describe('parallel calls in separate contents', () => {
  it.each([
    ['their results are in one content', [user(result('f'), result('g'))]],
    ['each result has a content', [user(result('f')), user(result('g'))]],
  ])('are joined where %s', (_, results) => {
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

  it('accepts snake case in contents', () => {
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
    ['a result that is missing', [ask, model(call('f')), model(call('g')), user(result('f'))]],
    ['no calls', [ask, model({ text: 'a' }), model({ text: 'b' })]],
    ['nothing', []],
  ])('leave a history with %s as it is', (_, contents) => {
    expect(joinedCalls(contents)).toBe(contents);
  });
});

describe('calls without a signature', () => {
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

  it('keeps a history with signatures unchanged', () => {
    const contents = [ask, model(call('f', signed), call('g')), user(result('f'), result('g'))];
    expect(markedCalls(contents)).toBe(contents);
  });
});
