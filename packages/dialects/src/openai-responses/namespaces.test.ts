import { describe, expect, it } from '@jest/globals';
import { openAiResponses } from './dialect.ts';

const hi = { role: 'user', content: 'hi' };
const f = (name: string) => ({
  type: 'function',
  name,
  description: `Does ${name}.`,
  parameters: { type: 'object', properties: {} },
});
const git = { type: 'namespace', name: 'git', description: 'Of git.', tools: [f('log'), { type: 'custom', name: 'apply' }] };
const search = {
  type: 'tool_search',
  execution: 'client',
  description: 'Finds tools.',
  parameters: { type: 'object', properties: {} },
};
const read = (body: object) => openAiResponses.readRequest({ input: [hi], ...body } as Record<string, unknown>);
const GIT_LOG = 'git\u001flog';

describe('tools of a Responses request', () => {
  it('reads tools of namespaces, with the namespace before the name', () => {
    const { tools, only } = read({ tools: [f('log'), git] });
    expect(tools?.map(({ name, form }) => [name, form])).toEqual([
      ['log', undefined],
      [GIT_LOG, undefined],
      ['git\u001fapply', 'custom'],
    ]);
    expect(tools?.[1]?.description).toBe('Does log.\n\nOf git.');
    expect(only).toBeUndefined();
  });

  it('reads tools that items add, each once', () => {
    const added = { type: 'additional_tools', role: 'developer', tools: [git] };
    const found = { type: 'tool_search_output', call_id: 's', execution: 'client', tools: [git, f('more')] };
    const call = { type: 'tool_search_call', call_id: 's', execution: 'client', arguments: { query: 'git' } };
    const { tools, messages } = read({ input: [added, hi, call, found] });
    expect(tools?.map(({ name }) => name)).toEqual([GIT_LOG, 'git\u001fapply', 'more']);
    expect(messages.map(({ parts }) => parts[0])).toMatchObject([
      { type: 'text', text: 'hi' },
      { type: 'tool_call', id: 's', name: 'tool_search', arguments: '{"query":"git"}', form: 'tool_search' },
      { type: 'tool_result', callId: 's', parts: [{ text: expect.stringContaining('git.log: Does log.') }] },
    ]);
  });

  it('offers a search that the client runs, and drops one that OpenAI runs', () => {
    expect(read({ tools: [f('log'), search] }).tools?.[1]).toMatchObject({ name: 'tool_search', description: 'Finds tools.' });
    const ofOpenAi = read({ tools: [f('log'), { type: 'tool_search' }] });
    expect([ofOpenAi.tools?.length, ofOpenAi.only?.droppable]).toEqual([1, ['tools.tool_search']]);
    const items = [
      { type: 'tool_search_call', execution: 'server', call_id: null, arguments: {} },
      { type: 'tool_search_output', execution: 'server', call_id: null, tools: [] },
    ];
    expect(read({ input: [hi, ...items] }).messages).toHaveLength(1);
  });

  it("reads a choice with both parts of a tool's name", () => {
    const { toolChoice } = read({ tools: [git], tool_choice: { type: 'function', namespace: 'git', name: 'log' } });
    expect(toolChoice).toEqual({ name: GIT_LOG });
  });

  it("reads and writes calls with both parts of a tool's name", () => {
    const call = { type: 'function_call', call_id: 'c', namespace: 'git', name: 'log', arguments: '{}' };
    expect(read({ input: [hi, call] }).messages[1]?.parts[0]).toMatchObject({ name: GIT_LOG });
    const part = { type: 'tool_call' as const, id: 'c', name: GIT_LOG, arguments: '{}' };
    const reply = { id: 'r', model: 'm', choices: [{ parts: [part], finish: 'tool_calls' as const }] };
    const context = { model: 'm', id: 'i', createdS: 1, streamUsage: true, framing: 'sse' as const };
    const { output } = JSON.parse(JSON.stringify(openAiResponses.writeReply(reply, context))) as { output: object[] };
    expect(output).toMatchObject([{ type: 'function_call', name: 'log', namespace: 'git', call_id: 'c' }]);
  });
});
