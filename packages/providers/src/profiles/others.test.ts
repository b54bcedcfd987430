import { describe, expect, it } from '@jest/globals';
import { hi, loop, tool, written } from '../../../../test/support/profiled-request.ts';

describe('profiles of Mistral, Grok, GLM, MiniMax, Cohere, Perplexity and Llama', () => {
  it('sends Mistral call ids of nine characters, and an assistant message between a tool result and a user message', () => {
    const { body } = written('mistral-large-latest', { messages: [...loop, ...hi], reasoning_effort: 'low' }, 'mistral');
    const messages = body['messages'] as { role: string; tool_call_id?: string }[];
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant', 'user']);
    expect(messages[2]?.tool_call_id).toMatch(/^[a-zA-Z0-9]{9}$/);
    expect(body).not.toHaveProperty('reasoning_effort');
  });

  it('maps efforts to those of each Grok model, without penalties or stop sequences for reasoning', () => {
    const asked = { reasoning_effort: 'medium', presence_penalty: 1, stop: ['x'] };
    expect(written('grok-4', asked, 'xai')).toMatchObject({ dropped: ['reasoning_effort', 'presence_penalty'], stop: ['x'] });
    expect(written('grok-4.3', asked, 'xai').body).toMatchObject({ reasoning_effort: 'medium' });
    expect(written('grok-3-mini', asked, 'xai').body).toMatchObject({ reasoning_effort: 'high' });
    expect(written('grok-4.5', { reasoning_effort: 'none' }, 'xai')).toMatchObject({
      body: { reasoning_effort: 'low' },
      dropped: ['reasoning_effort'],
    });
    expect(written('grok-3', asked, 'xai').body).toMatchObject({ presence_penalty: 1, stop: ['x'] });
  });

  it('sends GLM its switch for reasoning and a supported tool choice', () => {
    const other = { ...tool, function: { ...tool.function, name: 'g' } };
    const asked = { tools: [tool, other], tool_choice: { type: 'function', function: { name: 'g' } }, reasoning_effort: 'low' };
    const named = written('glm-4.7', asked, 'zai');
    expect(named).toMatchObject({ body: { thinking: { type: 'enabled' }, tools: [other] }, dropped: ['tool_choice'] });
    expect(named.body).not.toHaveProperty('tool_choice');
    expect(written('glm-4.7', { ...asked, tool_choice: 'required' }, 'zai').body['tools']).toEqual([tool, other]);
    expect(written('glm-4.7', { ...asked, tool_choice: 'none' }, 'zai').body).not.toHaveProperty('tools');
    expect(written('glm-4.7', { reasoning_effort: 'none' }, 'zai').body).toMatchObject({ thinking: { type: 'disabled' } });
  });

  it('separates the reasoning of MiniMax from its text, requested or not', () => {
    expect(written('MiniMax-M2', { temperature: 1.5 }, 'minimax')).toMatchObject({
      body: { reasoning_split: true, temperature: 1 },
      dropped: ['temperature'],
    });
    expect(written('MiniMax-M2', { reasoning_effort: 'none' }, 'minimax').dropped).toEqual(['reasoning_effort']);
  });

  it('sends Cohere its efforts for reasoning models', () => {
    expect(written('command-a-reasoning-08-2025', { reasoning_effort: 'low' }, 'cohere').body).toMatchObject({
      reasoning_effort: 'high',
    });
    expect(written('command-a-03-2025', { reasoning_effort: 'low' }, 'cohere').dropped).toEqual(['reasoning_effort']);
  });

  it('drops tools for Perplexity, and sends earlier tool results as text', () => {
    const { body, dropped } = written('sonar', { messages: [...loop, ...hi], tools: [tool] }, 'perplexity');
    expect(dropped).toEqual(['tools']);
    expect(body).not.toHaveProperty('tools');
    expect(body['messages']).toEqual([
      ...hi,
      { role: 'assistant', content: '[call of f: {}]\n' },
      {
        role: 'user',
        content: [
          { type: 'text', text: '[result of a call]\n' },
          { type: 'text', text: '42' },
          { type: 'text', text: 'hi' },
        ],
      },
    ]);
    expect(() => written('sonar', { tools: [tool], tool_choice: 'required' }, 'perplexity')).toThrow('tool_choice');
  });

  it('sends one call per message to templates of Llama 3 that accept no more', () => {
    const made = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } });
    const result = (id: string) => ({ role: 'tool', tool_call_id: id, content: id });
    const messages = [
      ...hi,
      { role: 'assistant', content: 'Two.', tool_calls: [made('a'), made('b')] },
      result('a'),
      result('b'),
      ...hi,
    ];
    expect(written('llama-3.3-70b', { messages, tools: [tool] }).body['messages']).toEqual([
      ...hi,
      { role: 'assistant', content: 'Two.', tool_calls: [made('a')] },
      result('a'),
      { role: 'assistant', content: null, tool_calls: [made('b')] },
      result('b'),
      ...hi,
    ]);
  });
});
