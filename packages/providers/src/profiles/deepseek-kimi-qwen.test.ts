import { describe, expect, it } from '@jest/globals';
import { loop, written } from '../../../../test/support/profiled-request.ts';

describe('profiles of DeepSeek, Kimi and Qwen', () => {
  it('sends DeepSeek and Kimi reasoning with each tool call', () => {
    for (const [model, provider] of [
      ['deepseek-reasoner', 'deepseek'],
      ['deepseek/deepseek-v3.2', 'openrouter'],
      ['kimi-k2.5', 'moonshot'],
    ] as const) {
      expect(written(model, { messages: loop }, provider).body['messages']).toMatchObject([{}, { reasoning_content: ' ' }, {}]);
    }
  });

  it('requests reasoning from DeepSeek, Kimi and Qwen with their own parameters', () => {
    const low = { reasoning_effort: 'low' };
    expect(written('deepseek-chat', low, 'deepseek').body).toMatchObject({ thinking: { type: 'enabled' } });
    expect(written('kimi-k2.5', { reasoning_effort: 'none' }, 'moonshot').body).toMatchObject({ thinking: { type: 'disabled' } });
    expect(written('qwen-plus', low, 'alibaba').body).toMatchObject({ enable_thinking: true, thinking_budget: 2_048 });
  });

  it('disables reasoning of DeepSeek, Kimi and Qwen when a tool is forced', () => {
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }];
    const forced = { tools, tool_choice: { type: 'function', function: { name: 'f' } } };
    for (const [model, provider, off] of [
      ['deepseek-v4-flash', 'deepseek', { thinking: { type: 'disabled' } }],
      ['kimi-k2.6', 'moonshot', { thinking: { type: 'disabled' } }],
      ['qwen3.5-plus', 'alibaba', { enable_thinking: false }],
    ] as const) {
      const request = written(model, { ...forced, reasoning_effort: 'low' }, provider);
      expect(request.body).toMatchObject({ ...off, tool_choice: forced.tool_choice });
      expect(request.dropped).toEqual(['reasoning_effort']);
      const unasked = written(model, { tools, tool_choice: 'required' }, provider);
      expect(unasked.body).toMatchObject({ ...off, tool_choice: 'required' });
      expect(unasked.dropped).toEqual([]);
      expect(written(model, { tools, tool_choice: 'auto' }, provider).body).not.toMatchObject(off);
    }
  });

  it('disables reasoning of open Qwen models in complete answers', () => {
    const effort = { reasoning_effort: 'low' };
    for (const model of ['qwen3-32b', 'qwen3-235b-a22b']) {
      expect(written(model, {}, 'alibaba').body).toMatchObject({ enable_thinking: false });
      expect(written(model, effort, 'alibaba').dropped).toEqual(['reasoning_effort']);
      expect(written(model, { ...effort, stream: true }, 'alibaba').body).toMatchObject({ enable_thinking: true });
    }
    expect(written('qwen3.5-plus', effort, 'alibaba').body).toMatchObject({ enable_thinking: true });
  });

  it('sends DeepSeek a schema as a system message in JSON mode', () => {
    const response_format = { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } };
    const { body, dropped } = written('deepseek-chat', { response_format }, 'deepseek');
    expect(body).toMatchObject({ response_format: { type: 'json_object' }, messages: [{ role: 'system' }, { role: 'user' }] });
    expect(dropped).toEqual(['response_format']);
  });

  it('bounds the temperature for Kimi', () => {
    expect(written('kimi-k2-turbo-preview', { temperature: 1.5 }, 'moonshot').body['temperature']).toBe(1);
    expect(written('kimi-k2.5', { temperature: 0.5 }, 'moonshot').dropped).toEqual(['temperature']);
  });
});
