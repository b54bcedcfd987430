import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import OpenAI from 'openai';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-an-agent';
const PATCH = '*** Begin Patch\n*** Update File: a "b".txt\n+é😀\n*** End Patch';
const ARGUMENTS = JSON.stringify({ input: PATCH });
const FORMAT = { type: 'grammar' as const, syntax: 'lark' as const, definition: 'start: begin_patch' };

const sse = (chunks: readonly (object | string)[], named = false): string =>
  chunks
    .map((chunk) => {
      const data = typeof chunk === 'string' ? chunk : JSON.stringify(chunk);
      return `${named ? `event: ${(chunk as { type: string }).type}\n` : ''}data: ${data}\n\n`;
    })
    .join('');
/** Splits a text into pieces of 7 characters, so that escapes are split too. */
const pieces = (text: string): string[] => text.match(/[\s\S]{1,7}/g) ?? [];

const CHAT_HEAD = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' };
const chatDelta = (delta: object, finish_reason: string | null = null) => ({
  ...CHAT_HEAD,
  choices: [{ index: 0, delta, finish_reason }],
});
const call = (text: string) => ({ id: 'call_1', type: 'function', function: { name: 'apply_patch', arguments: text } });

/** The same call from each family, complete and streamed. */
const ANSWERS: Readonly<Record<string, { readonly whole: object; readonly stream: string }>> = {
  chat: {
    whole: {
      ...CHAT_HEAD,
      object: 'chat.completion',
      choices: [
        { index: 0, message: { role: 'assistant', content: null, tool_calls: [call(ARGUMENTS)] }, finish_reason: 'tool_calls' },
      ],
    },
    stream: sse([
      chatDelta({ role: 'assistant', tool_calls: [{ index: 0, ...call('') }] }),
      ...pieces(ARGUMENTS).map((text) => chatDelta({ tool_calls: [{ index: 0, function: { arguments: text } }] })),
      chatDelta({}, 'tool_calls'),
      '[DONE]',
    ]),
  },
  claude: {
    whole: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [{ type: 'tool_use', id: 'call_1', name: 'apply_patch', input: { input: PATCH } }],
      stop_reason: 'tool_use',
      usage: { input_tokens: 1, output_tokens: 1 },
    },
    stream: sse(
      [
        {
          type: 'message_start',
          message: {
            id: 'msg_1',
            type: 'message',
            role: 'assistant',
            model: 'm',
            content: [],
            usage: { input_tokens: 1, output_tokens: 0 },
          },
        },
        {
          type: 'content_block_start',
          index: 0,
          content_block: { type: 'tool_use', id: 'call_1', name: 'apply_patch', input: {} },
        },
        ...pieces(ARGUMENTS).map((partial_json) => ({
          type: 'content_block_delta',
          index: 0,
          delta: { type: 'input_json_delta', partial_json },
        })),
        { type: 'content_block_stop', index: 0 },
        { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 1 } },
        { type: 'message_stop' },
      ],
      true,
    ),
  },
  gemini: {
    whole: {
      candidates: [
        {
          content: { role: 'model', parts: [{ functionCall: { id: 'call_1', name: 'apply_patch', args: { input: PATCH } } }] },
          finishReason: 'STOP',
          index: 0,
        },
      ],
    },
    stream: sse([
      {
        candidates: [
          {
            content: { role: 'model', parts: [{ functionCall: { id: 'call_1', name: 'apply_patch', args: { input: PATCH } } }] },
            finishReason: 'STOP',
            index: 0,
          },
        ],
      },
    ]),
  },
};
const FAMILIES = Object.keys(ANSWERS);

describe('custom tools for models without support for them', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  let openai: OpenAI;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    const { baseUrl } = upstream;
    gateway = await startGateway({
      config: {
        providers: {
          chat: { baseUrl, dialect: 'openai-chat' },
          claude: { baseUrl, dialect: 'anthropic-messages' },
          gemini: { baseUrl, dialect: 'gemini' },
          openai: { baseUrl, dialect: 'openai-responses', apiKey: 'k' },
        },
        keys: [{ name: 'agent', secret: KEY }],
      },
    });
    openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY, maxRetries: 0 });
  });
  afterAll(async () => {
    await gateway.close(0);
    await upstream.close();
  });
  beforeEach(() => upstream.forget());
  const sent = () => JSON.parse(upstream.requests.at(-1)?.body ?? '{}') as Record<string, unknown>;

  const customTool: OpenAI.Responses.CustomTool = {
    type: 'custom',
    name: 'apply_patch',
    description: 'Edits files.',
    format: FORMAT,
  };
  const chatTool: OpenAI.Chat.ChatCompletionCustomTool = {
    type: 'custom',
    custom: {
      name: 'apply_patch',
      description: 'Edits files.',
      format: { type: 'grammar', grammar: { syntax: 'lark', definition: FORMAT.definition } },
    },
  };
  const history: OpenAI.Responses.ResponseInput = [
    { role: 'user', content: 'Edit.' },
    { type: 'custom_tool_call', call_id: 'call_0', name: 'apply_patch', input: PATCH },
    { type: 'custom_tool_call_output', call_id: 'call_0', output: 'Done!' },
  ];
  const respond = (model: string) =>
    openai.responses.create({ model, input: history, tools: [customTool], tool_choice: { type: 'custom', name: 'apply_patch' } });

  it.each(FAMILIES)('returns the call of a model of %s as custom_tool_call', async (family) => {
    upstream.answer(whole(JSON.stringify(ANSWERS[family]?.whole)));
    const { output } = await respond(`${family}/m`);
    expect(output).toMatchObject([
      { type: 'custom_tool_call', call_id: 'call_1', name: 'apply_patch', input: PATCH, status: 'completed' },
    ]);
    // the request has the grammar, the previous call and the tool choice in the family's own format
    const text = JSON.stringify(sent());
    expect(text).toContain(FORMAT.definition);
    expect(text).not.toContain('custom');
    expect(text).toContain('Done!');
    // the arguments of a chat completion's call are JSON text
    expect(text.includes(ARGUMENTS) || text.includes(JSON.stringify(ARGUMENTS))).toBe(true);
  });

  it.each(FAMILIES)('streams the input of a call by a model of %s in the events of a custom tool', async (family) => {
    upstream.answer(events(ANSWERS[family]?.stream ?? ''));
    const stream = await openai.responses.create({ model: `${family}/m`, input: 'Edit.', tools: [customTool], stream: true });
    const seen: OpenAI.Responses.ResponseStreamEvent[] = [];
    for await (const event of stream) seen.push(event);
    const deltas = seen.flatMap((event) => (event.type === 'response.custom_tool_call_input.delta' ? [event] : []));
    const dones = seen.flatMap((event) => (event.type === 'response.custom_tool_call_input.done' ? [event.input] : []));
    expect(deltas.map(({ delta }) => delta).join('')).toBe(PATCH);
    if (family !== 'gemini') expect(deltas.length).toBeGreaterThan(5);
    expect(dones).toEqual([PATCH]);
    expect(seen.filter(({ type }) => type.startsWith('response.function_call'))).toEqual([]);
    const last = seen.at(-1);
    expect(last?.type === 'response.completed' && last.response.output).toMatchObject([
      { type: 'custom_tool_call', input: PATCH },
    ]);
    expect(seen.find(({ type }) => type === 'response.output_item.added')).toMatchObject({
      item: { type: 'custom_tool_call', input: '' },
    });
  });

  it.each(FAMILIES)('returns the call of a model of %s as a custom call of a chat completion', async (family) => {
    upstream.answer(whole(JSON.stringify(ANSWERS[family]?.whole)));
    const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [
      { role: 'user', content: 'Edit.' },
      { role: 'assistant', tool_calls: [{ id: 'call_0', type: 'custom', custom: { name: 'apply_patch', input: PATCH } }] },
      { role: 'tool', tool_call_id: 'call_0', content: 'Done!' },
    ];
    const completion = await openai.chat.completions.create({
      model: `${family}/m`,
      messages,
      tools: [chatTool],
      tool_choice: { type: 'custom', custom: { name: 'apply_patch' } },
    });
    expect(completion.choices[0]?.message.tool_calls).toEqual([
      { id: 'call_1', type: 'custom', custom: { name: 'apply_patch', input: PATCH } },
    ]);
    expect(JSON.stringify(sent())).not.toContain('custom');
    expect(JSON.stringify(sent())).toContain(FORMAT.definition);
  });

  it.each(FAMILIES)('streams the call of a model of %s as a custom call of a chat completion', async (family) => {
    upstream.answer(events(ANSWERS[family]?.stream ?? ''));
    const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: `${family}/m`,
        stream: true,
        messages: [{ role: 'user', content: 'Edit.' }],
        tools: [chatTool],
      }),
    });
    type Delta = { tool_calls?: { type?: string; custom?: { name?: string; input?: string }; function?: object }[] };
    const deltas = (await answer.text())
      .split('\n\n')
      .filter((event) => event.startsWith('data: {'))
      .flatMap((event) => (JSON.parse(event.slice(6)) as { choices: { delta: Delta }[] }).choices[0]?.delta.tool_calls ?? []);
    expect(deltas[0]).toMatchObject({ type: 'custom', custom: { name: 'apply_patch' } });
    expect(deltas.map(({ custom }) => custom?.input ?? '').join('')).toBe(PATCH);
    expect(deltas.some((delta) => delta.function !== undefined)).toBe(false);
  });

  it('passes custom tools through unchanged to a model that supports them', async () => {
    const answer = { id: 'resp_1', object: 'response', created_at: 1, status: 'completed', model: 'm', output: [] };
    upstream.answer(whole(JSON.stringify(answer)));
    await respond('openai/gpt-5.1');
    expect(sent()['tools']).toEqual([customTool]);
  });

  it('translates a custom tool of a chat completion to a custom tool for a Responses model that supports it', async () => {
    const item = { type: 'custom_tool_call', id: 'ctc_1', call_id: 'call_1', name: 'apply_patch', input: PATCH };
    const head = { id: 'resp_1', object: 'response', created_at: 1, status: 'completed', model: 'm' };
    const stream = [
      { type: 'response.created', response: head },
      { type: 'response.output_item.added', output_index: 0, item: { ...item, input: '' } },
      ...pieces(PATCH).map((delta) => ({
        type: 'response.custom_tool_call_input.delta',
        output_index: 0,
        item_id: 'ctc_1',
        delta,
      })),
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: { ...head, output: [item] } },
    ];
    upstream.answer(events(sse(stream, true)));
    const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [
      { role: 'user', content: 'Edit.' },
      { role: 'assistant', tool_calls: [{ id: 'call_0', type: 'custom', custom: { name: 'apply_patch', input: PATCH } }] },
      { role: 'tool', tool_call_id: 'call_0', content: 'Done!' },
    ];
    const streamed = await openai.chat.completions.create({ model: 'openai/gpt-5.1', messages, tools: [chatTool], stream: true });
    let input = '';
    for await (const chunk of streamed) {
      const calls = (chunk.choices[0]?.delta.tool_calls ?? []) as { custom?: { input?: string } }[];
      for (const { custom } of calls) input += custom?.input ?? '';
    }
    expect(input).toBe(PATCH);
    expect(sent()).toMatchObject({
      tools: [customTool],
      input: [
        {},
        { type: 'custom_tool_call', call_id: 'call_0', name: 'apply_patch', input: PATCH },
        { type: 'custom_tool_call_output', call_id: 'call_0', output: 'Done!' },
      ],
    });
  });

  it('restricts the tools to a custom tool that allowed_tools names', async () => {
    upstream.answer(whole(JSON.stringify(ANSWERS['claude']?.whole)));
    const other: OpenAI.Responses.FunctionTool = {
      type: 'function',
      name: 'other',
      parameters: { type: 'object', properties: {} },
      strict: false,
    };
    await openai.responses.create({
      model: 'claude/m',
      input: 'Edit.',
      tools: [other, customTool],
      tool_choice: {
        type: 'allowed_tools',
        mode: 'auto',
        tools: [{ type: 'custom', name: 'apply_patch' }, { type: 'web_search' }],
      },
    });
    expect((sent()['tools'] as { name: string }[]).map(({ name }) => name)).toEqual(['apply_patch']);
  });

  it.each<[tool: string, call: Record<string, unknown>, args: object, output: Record<string, unknown>, text: string]>([
    [
      'local_shell',
      { type: 'local_shell_call', action: { type: 'exec', command: ['ls', '-l'], env: {} } },
      { command: ['ls', '-l'], env: {} },
      { type: 'local_shell_call_output', id: 'item_0', output: 'a.txt' },
      'a.txt',
    ],
    [
      'shell',
      { type: 'shell_call', action: { commands: ['ls'], timeout_ms: 100, max_output_length: null } },
      { commands: ['ls'], timeout_ms: 100, max_output_length: null },
      {
        type: 'shell_call_output',
        call_id: 'call_0',
        output: [{ stdout: 'a.txt', stderr: '', outcome: { type: 'exit', exit_code: 0 } }],
      },
      '[{"stdout":"a.txt","stderr":"","outcome":{"type":"exit","exit_code":0}}]',
    ],
    [
      'apply_patch',
      { type: 'apply_patch_call', operation: { type: 'create_file', path: 'a.txt', diff: '+a' } },
      { type: 'create_file', path: 'a.txt', diff: '+a' },
      { type: 'apply_patch_call_output', call_id: 'call_0', status: 'completed', output: 'ok' },
      'ok',
    ],
  ])('offers the tool %s as a function and returns its calls in the form of OpenAI', async (name, item, args, output, text) => {
    const tool = { type: name } as OpenAI.Responses.Tool;
    const before = { ...item, id: 'item_0', call_id: 'call_0', status: 'completed' };
    const input = [{ role: 'user', content: 'Go.' }, before, output] as unknown as OpenAI.Responses.ResponseInput;
    const asked = { model: 'claude/m', tools: [tool], input };
    const use = { type: 'tool_use', id: 'call_1', name, input: args };
    upstream.answer(whole(JSON.stringify({ ...ANSWERS['claude']?.whole, content: [use] })));
    const { output: answered } = await openai.responses.create(asked);
    expect(answered).toMatchObject([{ ...item, call_id: 'call_1', status: 'completed' }]);
    expect(sent()).toMatchObject({
      tools: [{ name, input_schema: { type: 'object' } }],
      messages: [
        { role: 'user' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'call_0', name, input: args }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_0', content: [{ type: 'text', text }] }] },
      ],
    });
  });
});
