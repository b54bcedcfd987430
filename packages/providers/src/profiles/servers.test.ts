import { describe, expect, it } from '@jest/globals';
import { hi, written } from '../../../../test/support/profiled-request.ts';

describe('profiles of servers', () => {
  it('merges system messages and user messages for local servers', () => {
    const messages = [
      { role: 'system', content: 'a' },
      { role: 'system', content: 'b' },
      ...hi,
      { role: 'system', content: 'c' },
      ...hi,
    ];
    for (const [model, provider] of [
      ['qwen3.8', 'vllm'],
      ['m', 'ollama'],
    ] as const) {
      const roles = (written(model, { messages }, provider).body['messages'] as { role: string }[]).map(({ role }) => role);
      expect(roles).toEqual(['system', 'user']);
    }
  });

  it('sends marks for the prompt cache only to OpenRouter and to Qwen at Alibaba', () => {
    const content = [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }];
    const marked = (model: string, provider: string) =>
      JSON.stringify(written(model, { messages: [{ role: 'user', content }] }, provider).body);
    expect(marked('anthropic/claude-sonnet-4.5', 'openrouter')).toContain('cache_control');
    expect(marked('qwen-plus', 'alibaba')).toContain('cache_control');
    expect(marked('gpt-4o', 'openai')).not.toContain('cache_control');
  });

  it.each<[provider: string, asked: string, sent: string]>([
    ['vllm', 'xhigh', 'high'],
    ['ollama', 'minimal', 'low'],
    ['own', 'none', 'none'],
    ['openrouter', 'xhigh', 'xhigh'],
  ])('sends an unknown model at %s for the effort %s the effort %s', (provider, asked, sent) => {
    expect(written('m', { reasoning_effort: asked }, provider).body['reasoning_effort']).toBe(sent);
  });
});
