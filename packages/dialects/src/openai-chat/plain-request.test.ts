import { describe, expect, it } from '@jest/globals';
import { isPlainChat } from './plain-request.ts';

const messages = [
  { role: 'system', content: 'a' },
  { role: 'user', content: 'b' },
];

describe('isPlainChat', () => {
  it('accepts texts with simple fields', () => {
    expect(isPlainChat({ model: 'm', messages, stream: true, stream_options: { include_usage: true }, stop: ['x'] })).toBe(true);
  });

  it.each([
    ['tools', { messages, tools: [] }],
    ['an unknown field', { messages, container: { file_id: 'file-1' } }],
    ['metadata', { messages, metadata: { file_id: 'file-1' } }],
    ['parts', { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }] }],
    ['reasoning', { messages: [{ role: 'assistant', content: 'a', reasoning_details: [] }] }],
    ['a result of a tool', { messages: [{ role: 'tool', content: 'a', tool_call_id: '1' }] }],
    ['no messages', { model: 'm' }],
  ])('refuses a request with %s', (_what, body) => {
    expect(isPlainChat(body)).toBe(false);
  });
});
