import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type OpenAI from 'openai';
import { events, type ScriptedUpstream, whole } from '../../support/scripted-upstream.ts';
import { anthropicAnswer, PNG, type Stage, startStage, tool } from './stage.ts';

describe("OpenAI's SDK with providers of another dialect", () => {
  let stage: Stage;
  let upstream: ScriptedUpstream;
  let openai: OpenAI;
  beforeAll(async () => {
    stage = await startStage();
    ({ upstream, openai } = stage);
  });
  afterAll(() => stage.stop());
  beforeEach(() => upstream.answer(whole(anthropicAnswer)));
  const reached = () => upstream.requests.at(-1);
  const body = () => JSON.parse(reached()?.body ?? '{}') as Record<string, unknown>;

  const ask = (more: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {}) =>
    openai.chat.completions.create({ model: 'anthropic/claude-x', messages: [{ role: 'user', content: 'Hi' }], ...more });

  it("returns a response of a provider with Anthropic's dialect to OpenAI's SDK", async () => {
    const completion = await ask();
    expect(completion).toMatchObject({
      object: 'chat.completion',
      model: 'claude-x',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
    });
    expect(reached()).toMatchObject({
      path: '/v1/messages',
      headers: { 'x-api-key': 'sk-of-anthropic', 'anthropic-version': '2023-06-01' },
    });
    expect(reached()?.headers).not.toHaveProperty('authorization');
  });

  it("translates all of OpenAI's parameters, including the signed reasoning of the previous turn", async () => {
    await ask({
      max_completion_tokens: 5_000,
      reasoning_effort: 'low',
      stop: 'END',
      tools: [{ type: 'function', function: { name: tool.name, description: tool.description, parameters: tool.schema } }],
      tool_choice: 'auto',
      parallel_tool_calls: false,
      user: 'u-1',
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: tool.schema, strict: true } },
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look.' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
            { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          reasoning_details: [
            { type: 'reasoning.text', text: 'Where?', signature: 'c2ln' },
            { type: 'reasoning.encrypted', data: 'ZW5j' },
          ],
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"place":"Paris"}' } }],
        } as OpenAI.ChatCompletionMessageParam,
        { role: 'tool', tool_call_id: 'call_1', content: 'sunny' },
        { role: 'user', content: 'And now?' },
      ],
    });
    expect(body()).toEqual({
      model: 'claude-x',
      max_tokens: 5_000,
      system: [{ type: 'text', text: 'Be brief.' }],
      thinking: { type: 'adaptive', display: 'summarized' },
      stop_sequences: ['END'],
      tools: [{ name: 'weather', description: tool.description, input_schema: tool.schema }],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      metadata: { user_id: 'u-1' },
      // an unknown model name is treated as the newest Claude
      output_config: {
        effort: 'low',
        format: { type: 'json_schema', schema: { ...tool.schema, additionalProperties: false } },
      },
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look.' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
            { type: 'document', title: 'a.pdf', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Where?', signature: 'c2ln' },
            { type: 'redacted_thinking', data: 'ZW5j' },
            { type: 'tool_use', id: 'call_1', name: 'weather', input: { place: 'Paris' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'call_1', content: [{ type: 'text', text: 'sunny' }] },
            { type: 'text', text: 'And now?' },
          ],
        },
      ],
    });
  });

  it("reports the dropped optional parameters to OpenAI's SDK", async () => {
    const wishes = { model: 'anthropic/claude-x', messages: [{ role: 'user' as const, content: 'Hi' }], seed: 7, store: true };
    // also when the response comes from the cache
    for (const cache of ['miss', 'hit']) {
      const options = { headers: { 'cache-control': 'max-age=60' } };
      const { response } = await openai.chat.completions.create(wishes, options).withResponse();
      expect(response.headers.get('x-sluice-cache')).toBe(cache);
      expect(response.headers.get('x-sluice-dropped')).toBe('store,seed');
    }
  });

  it('drops tools of OpenAI itself next to functions, and refuses them alone', async () => {
    const parameters = tool.schema;
    const functions = [{ type: 'function' as const, function: { name: tool.name, parameters } }];
    const own = { type: 'web_search' } as unknown as OpenAI.Chat.ChatCompletionTool;
    const { response } = await openai.chat.completions
      .create({ model: 'anthropic/claude-x', messages: [{ role: 'user', content: 'Hi' }], tools: [...functions, own] })
      .withResponse();
    expect(response.headers.get('x-sluice-dropped')).toBe('tools.web_search');
    expect(body()['tools']).toEqual([{ name: 'weather', input_schema: parameters }]);
    await expect(ask({ tools: [own] })).rejects.toMatchObject({ status: 400, param: 'tools[0].type' });
    const search = { type: 'web_search' as const };
    const responded = await openai.responses
      .create({
        model: 'anthropic/claude-x',
        input: 'Hi',
        tools: [{ ...functions[0]?.function, type: 'function', strict: false, parameters, name: 'weather' }, search],
      })
      .withResponse();
    expect(responded.response.headers.get('x-sluice-dropped')).toBe('tools.web_search');
    await expect(openai.responses.create({ model: 'anthropic/claude-x', input: 'Hi', tools: [search] })).rejects.toMatchObject({
      status: 400,
    });
    // a tool's name from the caller never breaks a header
    const odd = { type: 'a\r\nx-evil: 1' } as unknown as typeof own;
    const named = await openai.chat.completions
      .create({ model: 'anthropic/claude-x', messages: [{ role: 'user', content: 'Hi' }], tools: [...functions, odd] })
      .withResponse();
    expect(named.response.headers.get('x-sluice-dropped')).toBe('tools.ax-evil1');
  });

  it("omits the calls of another provider's own tools from earlier turns", async () => {
    const input: OpenAI.Responses.ResponseInput = [
      { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'x' } } as never,
      { role: 'assistant', content: 'Found.' },
      { role: 'user', content: 'And?' },
    ];
    await openai.responses.create({ model: 'anthropic/claude-x', input });
    expect(body()['messages']).toEqual([
      // Claude refuses a conversation that begins with the assistant
      { role: 'user', content: [{ type: 'text', text: '…' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'Found.' }] },
      { role: 'user', content: [{ type: 'text', text: 'And?' }] },
    ]);
  });

  it.each([
    [{ n: 2 }, 'n'],
    [{ logprobs: true }, 'logprobs'],
    [{ logit_bias: { '1': 5 } }, 'logit_bias'],
    [{ modalities: ['audio' as const] }, 'modalities'],
  ])('refuses a parameter that cannot be translated and would change the response: %j', async (more, param) => {
    const before = upstream.requests.length;
    await expect(ask(more)).rejects.toMatchObject({ status: 400, code: 'invalid_request', param });
    expect(upstream.requests.length).toBe(before);
  });

  it('requests JSON in the system prompt, and reports the field', async () => {
    const { response } = await openai.chat.completions
      .create({
        model: 'anthropic/claude-x',
        messages: [{ role: 'user', content: 'Hi' }],
        response_format: { type: 'json_object' },
      })
      .withResponse();
    expect(body()['system']).toEqual([{ type: 'text', text: expect.stringContaining('one JSON object') }]);
    expect(response.headers.get('x-sluice-dropped')).toBe('response_format');
  });

  it("streams a complete tool call to OpenAI's SDK, piece by piece", async () => {
    const wire = [
      { type: 'message_start', message: { id: 'msg_1', model: 'claude-x', usage: { input_tokens: 9, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} } },
      { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"place":' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '"Paris"}' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 12 } },
      { type: 'message_stop' },
    ];
    upstream.answer(events(wire.map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`).join('')));
    const runner = openai.chat.completions.stream({
      model: 'anthropic/claude-x',
      messages: [{ role: 'user', content: 'x' }],
      stream_options: { include_usage: true },
    });
    const completion = await runner.finalChatCompletion();
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ id: 'toolu_1', function: { name: 'weather', arguments: '{"place":"Paris"}' } }] },
    });
    expect(completion.usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 12 });
  });
});
