import { describe, expect, it } from '@jest/globals';
import type { Message, Part } from '../neutral/request.ts';
import { writeContents } from './write-contents.ts';

const text = (value: string): Part => ({ type: 'text', text: value });
const result = (callId: string): Part => ({ type: 'tool_result', callId, parts: [{ type: 'text', text: '1' }] });
const called: Message = {
  role: 'assistant',
  parts: [
    { type: 'tool_call', id: 'a', name: 'f', arguments: '{}' },
    { type: 'tool_call', id: 'b', name: 'f', arguments: '{}' },
  ],
};
/** Returns the role of each turn and the kinds of its parts. */
const turnsOf = (messages: readonly Message[]) =>
  writeContents(messages, undefined).map(({ role, parts }) => [
    role,
    ...(parts as object[]).map((part) => Object.keys(part).filter((name) => name !== 'thoughtSignature')[0]),
  ]);

describe('writeContents', () => {
  it('joins adjacent messages of one role into one turn', () => {
    const messages: Message[] = ['a', 'b', 'c'].map((value) => ({ role: 'user', parts: [text(value)] }));
    expect(turnsOf([...messages, { role: 'assistant', parts: [text('d')] }])).toEqual([
      ['user', 'text', 'text', 'text'],
      ['model', 'text'],
    ]);
  });

  it('writes the results of parallel calls into one turn, and user text next to them into another', () => {
    const results: Message[] = ['a', 'b'].map((id) => ({ role: 'user', parts: [result(id)] }));
    expect(turnsOf([called, ...results, { role: 'user', parts: [text('next')] }])).toEqual([
      ['model', 'functionCall', 'functionCall'],
      ['user', 'functionResponse', 'functionResponse'],
      ['user', 'text'],
    ]);
  });
});
