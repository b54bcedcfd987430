import { describe, expect, it } from '@jest/globals';
import type { RequestMessage } from '@sluice/core';
import { anthropicRequest } from './anthropic-messages/request.ts';
import { GeminiRequest } from './gemini/request.ts';
import { OpenAiRequest } from './openai-chat/request.ts';
import { responsesRequest } from './openai-responses/request.ts';

const bytes = (body: object): Buffer => Buffer.from(JSON.stringify(body));
const chat = (body: object) => new OpenAiRequest('chat', bytes({ model: 'm', ...body }));
const anthropic = (body: object) => anthropicRequest(bytes({ model: 'm', max_tokens: 9, ...body }));
const responses = (body: object) => responsesRequest(bytes({ model: 'm', ...body }));
const ADDRESS = { operation: 'chat', model: 'm', stream: false, framing: 'sse', batch: false } as const;
const gemini = (body: object) => new GeminiRequest(ADDRESS, bytes(body));

const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: unknown) => ({ role: 'assistant', content });
const system = { role: 'system', content: 'Be brief.' };
const image = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };

describe('the question of a request', () => {
  it.each<[string, RequestMessage, object]>([
    ['a chat', chat({ messages: [user('Why?')] }), { text: 'Why?', turns: 0, temperature: undefined }],
    [
      'a chat with a system prompt',
      chat({ messages: [system, user('Why?')], temperature: 0.5 }),
      { text: 'Why?', temperature: 0.5 },
    ],
    ['a later turn', chat({ messages: [user('Hi'), assistant('Hello'), user('Why?')] }), { text: 'Why?', turns: 1 }],
    ['a text part', chat({ messages: [user([{ type: 'text', text: 'Why?' }])] }), { text: 'Why?' }],
    ['Anthropic', anthropic({ system: 'Be brief.', messages: [user('Why?')] }), { text: 'Why?', turns: 0 }],
    ['a response by text', responses({ input: 'Why?' }), { text: 'Why?', turns: 0 }],
    ['a response by items', responses({ input: [user([{ type: 'input_text', text: 'Why?' }])] }), { text: 'Why?' }],
    [
      'Gemini',
      gemini({ contents: [{ role: 'user', parts: [{ text: 'Why?' }] }], generationConfig: { temperature: 1 } }),
      { text: 'Why?', temperature: 1 },
    ],
  ])('reads the last text of the user in %s', (_what, message, expected) => {
    expect(message.question?.()).toMatchObject(expected);
  });

  it.each<[string, RequestMessage]>([
    ['an image', chat({ messages: [user([{ type: 'text', text: 'Why?' }, image])] })],
    ['an image of an earlier turn', chat({ messages: [user([image]), assistant('A dog'), user('Why?')] })],
    [
      'two texts',
      chat({
        messages: [
          user([
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ]),
        ],
      }),
    ],
    ['an answer at the end', chat({ messages: [user('Why?'), assistant('Because')] })],
    ['the result of a tool', chat({ messages: [user('Why?'), { role: 'tool', tool_call_id: 'x', content: '1' }] })],
    ['an earlier tool call', chat({ messages: [user('a'), { ...assistant('b'), tool_calls: [{}] }, user('Why?')] })],
    ['a tool result as a part', anthropic({ messages: [user([{ type: 'tool_result', tool_use_id: 'x' }])] })],
    ['a stored conversation', responses({ input: 'Why?', previous_response_id: 'resp_1' })],
    ['an item that is no message', responses({ input: [{ type: 'function_call_output', call_id: 'x', output: '1' }] })],
    ['an inline file', gemini({ contents: [{ parts: [{ text: 'Why?' }, { inlineData: {} }] }] })],
  ])('finds none in a request with %s', (_what, message) => {
    expect(message.question?.()).toBeUndefined();
  });
});

describe('the canonical form of a request', () => {
  it('distinguishes two questions, unless the question is left out', () => {
    const [a, b] = ['Why?', 'How?'].map((text) => chat({ messages: [system, user(text)] }));
    expect(a?.canonical({ question: true })).toBe(b?.canonical({ question: true }));
    expect(a?.canonical()).not.toBe(b?.canonical());
  });

  it.each<[string, (stream: object) => RequestMessage]>([
    ['OpenAI', (stream) => chat({ messages: [user('Why?')], ...stream })],
    ['Anthropic', (stream) => anthropic({ messages: [user('Why?')], ...stream })],
  ])('joins a stream and a whole response of texts of %s', (_what, request) => {
    expect(request({ stream: true }).canonical?.()).toBe(request({}).canonical?.());
    expect(request({ stream: true }).isEitherForm?.()).toBe(true);
  });

  it.each<[string, (stream: object) => RequestMessage]>([
    ['tools', (stream) => chat({ messages: [user('Why?')], tools: [], ...stream })],
    ['an option of the stream', (stream) => chat({ messages: [user('Why?')], stream_options: { other: 1 }, ...stream })],
    ['thinking', (stream) => anthropic({ messages: [user('Why?')], thinking: { type: 'enabled' }, ...stream })],
    ['the Responses API', (stream) => responses({ input: 'Why?', ...stream })],
  ])('distinguishes a stream and a whole response with %s', (_what, request) => {
    expect(request({ stream: true }).canonical?.()).not.toBe(request({}).canonical?.());
  });
});
