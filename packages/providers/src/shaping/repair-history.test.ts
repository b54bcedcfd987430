import { describe, expect, it } from '@jest/globals';
import { profileOf } from '../profiles/profile-of.ts';
import { repairHistory } from './repair-history.ts';

const chat = (model: string, provider: string) => profileOf({ provider, dialect: 'openai-chat', model });
const loop = (id: string) => ({
  messages: [
    { role: 'user', content: 'x' },
    { role: 'assistant', content: null, tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: '{}' } }] },
    { role: 'tool', tool_call_id: id, content: '1' },
  ],
});

describe('repairHistory', () => {
  it('returns a history of the model’s own as it is', () => {
    const own = loop('abcdefghi');
    expect(repairHistory('openai-chat', own, { profile: chat('mistral-large-latest', 'mistral') })).toBe(own);
    const gpt = loop('call_1');
    expect(
      repairHistory('openai-chat', gpt, { profile: chat('gpt-4o', 'openai'), dropFromMessages: ['reasoning_content'] }),
    ).toBe(gpt);
    const anthropic = { messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }] }] };
    const profile = profileOf({ provider: 'anthropic', dialect: 'anthropic-messages', model: 'claude-sonnet-4-5' });
    expect(repairHistory('anthropic-messages', anthropic, { profile })).toBe(anthropic);
  });

  it('rewrites ids of calls that the model refuses, alike in call and result', () => {
    const { messages } = repairHistory('openai-chat', loop('toolu_1'), { profile: chat('mistral-large-latest', 'mistral') });
    const id = expect.stringMatching(/^[a-zA-Z0-9]{9}$/) as unknown;
    expect(messages).toMatchObject([{}, { tool_calls: [{ id }] }, { tool_call_id: id }]);
    const blocks = [
      { type: 'tool_use', id: 'functions.f:0', name: 'f', input: {} },
      { type: 'tool_result', tool_use_id: 'functions.f:0' },
    ];
    const body = { messages: blocks.map((block) => ({ role: 'user', content: [block] })) };
    const profile = profileOf({ provider: 'anthropic', dialect: 'anthropic-messages', model: 'claude-sonnet-4-5' });
    const [call, result] = repairHistory('anthropic-messages', body, { profile })['messages'] as {
      content: Record<string, string>[];
    }[];
    expect(call?.content[0]?.['id']).toMatch(/^[\w-]+$/);
    expect(result?.content[0]?.['tool_use_id']).toBe(call?.content[0]?.['id']);
  });

  it('adds what DeepSeek wants with calls, and removes what OpenAI refuses', () => {
    const repaired = repairHistory('openai-chat', loop('call_1'), { profile: chat('deepseek-reasoner', 'deepseek') });
    expect(repaired['messages']).toMatchObject([{}, { reasoning_content: ' ' }, {}]);
    const body = { messages: [{ role: 'assistant', content: 'x', reasoning_content: 'y' }] };
    const options = { profile: chat('gpt-4o', 'openai'), dropFromMessages: ['reasoning_content'] };
    expect(repairHistory('openai-chat', body, options)).toEqual({ messages: [{ role: 'assistant', content: 'x' }] });
  });

  it('lets an assistant speak between a tool and a user, for Mistral', () => {
    const { messages } = loop('abcdefghi');
    const body = { messages: [...messages, { role: 'user', content: 'y' }] };
    const repaired = repairHistory('openai-chat', body, { profile: chat('mistral-large-latest', 'mistral') });
    expect((repaired['messages'] as { role: string }[]).map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
      'assistant',
      'user',
    ]);
  });
});
