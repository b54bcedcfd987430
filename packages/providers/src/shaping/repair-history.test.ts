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
  it('returns a history of the model’s own unchanged', () => {
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

  it('rewrites refused call ids equally in calls and results', () => {
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

  it('adds reasoning to calls for DeepSeek, and removes reasoning for OpenAI', () => {
    const repaired = repairHistory('openai-chat', loop('call_1'), { profile: chat('deepseek-reasoner', 'deepseek') });
    expect(repaired['messages']).toMatchObject([{}, { reasoning_content: ' ' }, {}]);
    const body = { messages: [{ role: 'assistant', content: 'x', reasoning_content: 'y' }] };
    const options = { profile: chat('gpt-4o', 'openai'), dropFromMessages: ['reasoning_content'] };
    expect(repairHistory('openai-chat', body, options)).toEqual({ messages: [{ role: 'assistant', content: 'x' }] });
  });

  it('removes members of OpenAI’s answers from messages to a server that refuses them', () => {
    const returned = { role: 'assistant', content: 'x', refusal: null, annotations: [], parsed: null };
    const profile = chat('mistral-large-latest', 'mistral');
    const repaired = repairHistory('openai-chat', { messages: [returned] }, { profile, plainMessages: true });
    expect(repaired).toEqual({ messages: [{ role: 'assistant', content: 'x' }] });
    const own = { messages: [{ ...returned, content: null, refusal: 'No.' }] };
    expect(repairHistory('openai-chat', own, { profile: chat('gpt-4o', 'openai') })).toBe(own);
    expect(repairHistory('openai-chat', own, { profile, plainMessages: true })).toEqual({
      messages: [{ role: 'assistant', content: 'No.' }],
    });
  });

  it('writes a developer message as a system message for a server without that role', () => {
    const body = {
      messages: [
        { role: 'developer', content: 'Be brief.' },
        { role: 'user', content: 'x' },
      ],
    };
    const profile = chat('deepseek-reasoner', 'deepseek');
    const { messages } = repairHistory('openai-chat', body, { profile, systemForDeveloper: true });
    expect(messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'x' },
    ]);
    expect(repairHistory('openai-chat', body, { profile: chat('gpt-5', 'openai') })).toBe(body);
  });

  it('removes stream_options for a server that refuses it', () => {
    const body = { ...loop('abcdefghi'), stream: true, stream_options: { include_usage: true } };
    const profile = chat('mistral-large-latest', 'mistral');
    const { stream_options: _, ...rest } = body;
    expect(repairHistory('openai-chat', body, { profile, withoutStreamOptions: true })).toEqual(rest);
    expect(repairHistory('openai-chat', body, { profile })).toBe(body);
  });

  it('inserts an assistant message between a tool result and a user message for Mistral', () => {
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
