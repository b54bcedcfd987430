import { describe, expect, it } from '@jest/globals';
import { claude, converse, hi, written } from '../../../../test/support/profiled-request.ts';

const prefilled = [...hi, { role: 'assistant', content: 'The answer is ' }];

describe('first and last message of a conversation', () => {
  it('sends a lone system message as a user message to Claude at Bedrock', () => {
    const messages = [{ role: 'system', content: 'Say hello.' }];
    const { body } = converse('anthropic.claude-haiku-4-5-20251001-v1:0', { messages });
    expect(body).toMatchObject({ messages: [{ role: 'user', content: [{ text: 'Say hello.' }] }] });
    expect(body).not.toHaveProperty('system');
    expect(written('gpt-4o', { messages }, 'openai').body['messages']).toEqual(messages);
  });

  it('adds a user message for models that do not continue an assistant message', () => {
    const messages = [...hi, { role: 'assistant', content: '{ ' }];
    const lastOf = (body: Record<string, unknown>) => (body['messages'] as { role: string }[]).at(-1);
    for (const [model, provider] of [
      ['mistral-large-latest', 'mistral'],
      ['deepseek-chat', 'deepseek'],
    ] as const) {
      expect(lastOf(written(model, { messages }, provider).body)).toEqual({ role: 'user', content: 'Continue.' });
    }
    expect(lastOf(written('gpt-4o', { messages }, 'openai').body)).toMatchObject({ role: 'assistant' });
    expect(lastOf(converse('us.anthropic.claude-opus-4-7-v1', { messages }).body)).toMatchObject({ role: 'user' });
    const continued = lastOf(converse('anthropic.claude-haiku-4-5-20251001-v1:0', { messages }).body);
    expect(continued).toEqual({ role: 'assistant', content: [{ text: '{' }] });
  });

  it.each(['claude-opus-4-6', 'claude-opus-4-7', 'claude-sonnet-5'])(
    'ends a conversation with a user message for %s',
    (model) => {
      const messages = claude(model, { messages: prefilled }).body['messages'] as { role: string }[];
      expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    },
  );

  it('keeps a final assistant message, without trailing white space, for models that continue it', () => {
    const continued = { role: 'assistant', content: [{ type: 'text', text: 'The answer is' }] };
    expect(claude('claude-sonnet-4-5', { messages: prefilled }).body['messages']).toMatchObject([{ role: 'user' }, continued]);
    const { messages } = converse('anthropic.claude-sonnet-4-5-v1:0', { messages: prefilled }).body;
    expect(messages).toMatchObject([{ role: 'user' }, { role: 'assistant', content: [{ text: 'The answer is' }] }]);
  });

  it('sends a lone system message as a user message to models that require one', () => {
    const messages = [{ role: 'system', content: 'Write a poem.' }];
    expect(claude('claude-sonnet-4-5', { messages }).body).toMatchObject({
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Write a poem.' }] }],
    });
    expect(written('gemini-2.5-flash', { messages }, 'google', 'gemini').body['contents']).toMatchObject([{ role: 'user' }]);
    expect(written('gpt-4o', { messages }, 'openai').body['messages']).toEqual(messages);
  });
});
