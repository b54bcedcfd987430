import { describe, expect, it } from '@jest/globals';
import { DIALECTS } from '@sluice/dialects';
import { hi, loop, written } from '../../../../test/support/profiled-request.ts';
import { shapeRequest } from '../shaping/shape-request.ts';
import { profileOf } from './profile-of.ts';

describe('profile of OpenAI’s models', () => {
  it('maps efforts to those of each OpenAI model', () => {
    const effortOf = (model: string, reasoning_effort: string) =>
      written(model, { reasoning_effort }, 'openai').body['reasoning_effort'];
    expect(effortOf('gpt-5', 'none')).toBe('minimal');
    expect(effortOf('gpt-5.1', 'none')).toBe('none');
    expect(effortOf('gpt-5.1', 'xhigh')).toBe('high');
    expect(effortOf('gpt-5.4', 'xhigh')).toBe('xhigh');
    expect(effortOf('o3', 'minimal')).toBe('low');
    expect(effortOf('gpt-5-pro', 'low')).toBe('high');
    expect(effortOf('gpt-4o', 'low')).toBeUndefined();
    expect(effortOf('openai/gpt-oss-120b', 'minimal')).toBe('low');
  });

  it('removes sampling and stop sequences from requests to OpenAI models that reason', () => {
    const asked = { temperature: 0.2, top_p: 0.5, presence_penalty: 1, stop: ['END'] };
    for (const model of ['gpt-5', 'o3', 'gpt-6']) {
      const { body, dropped, stop } = written(model, asked, 'openai');
      expect(Object.keys(body)).toEqual(['model', 'messages']);
      expect({ dropped, stop }).toEqual({ dropped: ['temperature', 'top_p', 'presence_penalty'], stop: ['END'] });
    }
    expect(written('gpt-4o', { ...asked, stop: ['1', '2', '3', '4', '5'] }, 'openai')).toMatchObject({
      body: { temperature: 0.2, stop: ['1', '2', '3', '4'] },
      stop: ['5'],
    });
  });

  it('keeps system messages in place for OpenAI, with call ids of 40 and users of 64 characters', () => {
    const id = `toolu_${'x'.repeat(60)}`;
    const messages = JSON.parse(
      JSON.stringify([...loop, { role: 'system', content: 'Now.' }, ...hi]).replaceAll('call:1', id),
    ) as unknown[];
    const { body } = written('gpt-4o', { messages, user: 'u'.repeat(65) }, 'openai');
    const [, call, result, system] = body['messages'] as { role: string; tool_calls?: { id: string }[]; tool_call_id?: string }[];
    expect(call?.tool_calls?.[0]?.id).toHaveLength(40);
    expect(result?.tool_call_id).toBe(call?.tool_calls?.[0]?.id);
    expect(system?.role).toBe('system');
    expect(body['user']).toMatch(/^[0-9a-f]{64}$/);
  });

  it('shortens tool names equally in tools, choice and history, and restores them', () => {
    const name = `mcp__${'a'.repeat(80)}.read`;
    const history = JSON.parse(JSON.stringify(loop).replaceAll('"name":"f"', `"name":"${name}"`)) as unknown[];
    const asked = {
      messages: history,
      tools: [{ type: 'function', function: { name } }],
      tool_choice: { type: 'function', function: { name } },
    };
    const read = DIALECTS['openai-chat'].readRequest({ model: 'm', ...asked });
    const { request, shaping } = shapeRequest(read, profileOf({ provider: 'own', dialect: 'openai-chat', model: 'm' }), false);
    const [short] = request.tools ?? [];
    expect(short?.name).toMatch(/^mcp__a+_[0-9a-f]{8}$/);
    expect(short?.name).toHaveLength(64);
    expect(request.toolChoice).toEqual({ name: short?.name });
    expect(request.messages[1]?.parts).toMatchObject([{ type: 'tool_call', name: short?.name }]);
    expect(shaping.toolNames).toEqual(new Map([[short?.name, name]]));
  });
});
