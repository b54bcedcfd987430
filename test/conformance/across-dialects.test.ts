import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import OpenAI from 'openai';
import { startGatewayHere } from '../support/gateway-here.ts';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';

const KEY = 'key-of-the-anthropic-sdk';
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const openAiAnswer = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-x',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'Hello.', refusal: null }, finish_reason: 'stop', logprobs: null },
  ],
  usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
});
const anthropicAnswer = JSON.stringify({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-x',
  content: [{ type: 'text', text: 'Hello.' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 7, output_tokens: 2 },
});
const tool = {
  name: 'weather',
  description: 'The weather of a place.',
  schema: { type: 'object' as const, properties: { place: { type: 'string' } }, required: ['place'] },
};

describe('callers and providers of different dialects', () => {
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  let anthropic: Anthropic;
  let openai: OpenAI;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    gateway = await startGatewayHere({
      providers: {
        openai: { baseUrl: upstream.baseUrl, dialect: 'openai-chat', apiKey: 'sk-of-openai' },
        anthropic: { baseUrl: upstream.baseUrl, dialect: 'anthropic-messages', apiKey: 'sk-of-anthropic' },
        pretend: { dialect: 'simulated', latency: '1ms' },
      },
      models: {
        pretend: { targets: [{ provider: 'pretend', model: 'p', price: { input: 1, output: 1 } }] },
        'gpt-x': { targets: [{ provider: 'openai', model: 'gpt-x' }] },
      },
      keys: [
        { name: 'all', secret: KEY },
        { name: 'few', secret: `${KEY}-few`, limits: { requests: '1/h' } },
      ],
      cache: { exact: { ttl: '1h' } },
    });
    anthropic = new Anthropic({
      baseURL: gateway.url,
      apiKey: KEY,
      maxRetries: 0,
      defaultHeaders: { 'cache-control': 'no-cache, no-store' },
    });
    openai = new OpenAI({
      baseURL: `${gateway.url}/v1`,
      apiKey: KEY,
      maxRetries: 0,
      defaultHeaders: { 'cache-control': 'no-cache, no-store' },
    });
  });
  afterAll(async () => {
    await gateway.close(0);
    await upstream.close();
  });
  beforeEach(() => upstream.answer(whole(openAiAnswer)));
  const reached = () => upstream.requests.at(-1);
  const body = () => JSON.parse(reached()?.body ?? '{}') as Record<string, unknown>;

  describe("Anthropic's SDK", () => {
    /** Newer models accept no temperature, so that the SDK's type omits it. Older models accept it. */
    type MessageOptions = Partial<Anthropic.MessageCreateParamsNonStreaming> & {
      readonly temperature?: number;
      readonly top_p?: number;
    };
    const ask = (more: MessageOptions = {}) =>
      anthropic.messages.create({ model: 'openai/gpt-x', max_tokens: 50, messages: [{ role: 'user', content: 'Hi' }], ...more });

    it("returns a response of a provider with OpenAI's dialect to Anthropic's SDK", async () => {
      const message = await ask();
      expect(message).toMatchObject({
        type: 'message',
        role: 'assistant',
        model: 'gpt-x',
        content: [{ type: 'text', text: 'Hello.' }],
        stop_reason: 'end_turn',
        usage: { input_tokens: 7, output_tokens: 2 },
      });
      expect(reached()).toMatchObject({ path: '/v1/chat/completions', headers: { authorization: 'Bearer sk-of-openai' } });
      expect(body()).toEqual({ model: 'gpt-x', max_completion_tokens: 50, messages: [{ role: 'user', content: 'Hi' }] });
    });

    it("translates Anthropic's system prompt, images, files, tools, tool results, tool choice, reasoning and stop sequences", async () => {
      await ask({
        system: 'Be brief.',
        stop_sequences: ['END'],
        temperature: 0.5,
        top_p: 0.9,
        thinking: { type: 'enabled', budget_tokens: 2_048 },
        tools: [{ name: tool.name, description: tool.description, input_schema: tool.schema }],
        tool_choice: { type: 'any', disable_parallel_tool_use: true },
        metadata: { user_id: 'u-1' },
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Look.' },
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
              { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
              { type: 'document', title: 'a.pdf', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' } },
            ],
          },
          {
            role: 'assistant',
            content: [
              { type: 'text', text: 'I ask.' },
              { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { place: 'Paris' } },
            ],
          },
          {
            role: 'user',
            content: [
              { type: 'tool_result', tool_use_id: 'toolu_1', is_error: true, content: 'no such place' },
              { type: 'text', text: 'And now?' },
            ],
          },
        ],
      });
      expect(body()).toEqual({
        model: 'gpt-x',
        max_completion_tokens: 50,
        temperature: 0.5,
        top_p: 0.9,
        stop: ['END'],
        reasoning_effort: 'low',
        user: 'u-1',
        tools: [{ type: 'function', function: { name: 'weather', description: tool.description, parameters: tool.schema } }],
        tool_choice: 'required',
        parallel_tool_calls: false,
        messages: [
          { role: 'system', content: 'Be brief.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Look.' },
              { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
              { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
              { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } },
            ],
          },
          {
            role: 'assistant',
            content: 'I ask.',
            tool_calls: [{ id: 'toolu_1', type: 'function', function: { name: 'weather', arguments: '{"place":"Paris"}' } }],
          },
          { role: 'tool', tool_call_id: 'toolu_1', content: 'Error: no such place' },
          { role: 'user', content: 'And now?' },
        ],
      });
    });

    it("streams to Anthropic's SDK event by event from a provider in this process", async () => {
      const stream = anthropic.messages.stream({
        model: 'pretend',
        max_tokens: 50,
        messages: [{ role: 'user', content: 'Good morning' }],
      });
      const types: string[] = [];
      for await (const event of stream) types.push(event.type);
      expect(types.filter((type) => type !== 'content_block_delta')).toEqual([
        'message_start',
        'content_block_start',
        'content_block_stop',
        'message_delta',
        'message_stop',
      ]);
      expect(types.filter((type) => type === 'content_block_delta').length).toBeGreaterThan(3);
      const message = await stream.finalMessage();
      expect(message.content).toMatchObject([{ type: 'text', text: 'Simulated answer to: Good morning' }]);
      expect(message.usage).toMatchObject({ input_tokens: 12, output_tokens: 33 });
    });

    it("returns errors that Anthropic's SDK throws as its own types", async () => {
      const stranger = new Anthropic({ baseURL: gateway.url, apiKey: 'wrong', maxRetries: 0 });
      await expect(stranger.models.list()).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
      await expect(ask({ model: 'nowhere' })).rejects.toBeInstanceOf(Anthropic.NotFoundError);
      await expect(ask({ messages: [] })).rejects.toMatchObject({
        status: 400,
        error: { type: 'error', error: { type: 'invalid_request_error', param: 'messages' } },
      });
      await expect(ask({ temperature: 'hot' as unknown as number })).rejects.toMatchObject({
        error: { error: { param: 'temperature' } },
      });
      const few = new Anthropic({ baseURL: gateway.url, apiKey: `${KEY}-few`, maxRetries: 0 });
      const once = () => few.messages.create({ model: 'pretend', max_tokens: 5, messages: [{ role: 'user', content: 'x' }] });
      await once();
      await expect(once()).rejects.toBeInstanceOf(Anthropic.RateLimitError);
    });

    it("returns a provider's refusal to Anthropic's SDK with its status, and a failure without its message", async () => {
      upstream.answer(whole('{"error":{"message":"bad tools","type":"invalid_request_error"}}', 422));
      await expect(ask()).rejects.toMatchObject({ status: 422, error: { type: 'error', error: { message: 'bad tools' } } });
      upstream.answer(whole('{"error":{"message":"our key is sk-123"}}', 401));
      await expect(ask()).rejects.toMatchObject({ status: 502, error: { error: { type: 'api_error' } } });
    });

    it("never ends a truncated stream to Anthropic's SDK like a complete stream", async () => {
      upstream.answer(
        events('data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}\n\n'),
      );
      const stream = anthropic.messages.stream({
        model: 'openai/gpt-x',
        max_tokens: 50,
        messages: [{ role: 'user', content: 'x' }],
      });
      await expect(stream.finalMessage()).rejects.toThrow(/before the answer was complete/);
    });

    it("lists models and counts tokens for Anthropic's SDK, with an estimate when the provider has no count", async () => {
      const { data } = await anthropic.models.list();
      expect(data.map(({ id, type }) => [id, type])).toEqual([
        ['pretend', 'model'],
        ['gpt-x', 'model'],
      ]);
      upstream.answer(whole('{"input_tokens":11}'));
      const messages = [{ role: 'user' as const, content: 'x' }];
      expect(await anthropic.messages.countTokens({ model: 'anthropic/claude-x', messages })).toEqual({ input_tokens: 11 });
      expect(reached()).toMatchObject({ path: '/v1/messages/count_tokens', headers: { 'x-api-key': 'sk-of-anthropic' } });
      expect(await anthropic.messages.countTokens({ model: 'pretend', messages })).toEqual({ input_tokens: 1 });
      // chat completions have no token count, so that the response is marked as an estimate
      const asked = await anthropic.messages.countTokens({ model: 'openai/gpt-x', messages }).withResponse();
      expect(asked.data).toEqual({ input_tokens: 5 });
      expect(asked.response.headers.get('x-sluice-estimated')).toBe('tokens');
    });
  });

  describe("OpenAI's SDK", () => {
    beforeEach(() => upstream.answer(whole(anthropicAnswer)));
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

  it("forwards the features in a caller's header only to a provider of the same dialect", async () => {
    const ask = (model: string, beta: string, cache: string) =>
      anthropic.messages
        .create(
          { model, max_tokens: 5, messages: [{ role: 'user', content: 'beta' }] },
          { headers: { 'anthropic-beta': beta, 'x-not-for-you': '1', 'cache-control': cache } },
        )
        .withResponse();
    upstream.answer(whole(anthropicAnswer));
    await ask('anthropic/claude-x', 'context-1m', 'max-age=60');
    expect(reached()?.headers).toMatchObject({ 'anthropic-beta': 'context-1m', 'anthropic-version': '2023-06-01' });
    expect(reached()?.headers).not.toHaveProperty('x-not-for-you');
    // another feature gives another cache key
    expect((await ask('anthropic/claude-x', 'other', 'max-age=60')).response.headers.get('x-sluice-cache')).toBe('miss');
    expect((await ask('anthropic/claude-x', 'other', 'max-age=60')).response.headers.get('x-sluice-cache')).toBe('hit');
    upstream.answer(whole(openAiAnswer));
    await ask('openai/gpt-x', 'context-1m', 'no-cache');
    expect(reached()?.headers).not.toHaveProperty('anthropic-beta');
  });

  it('keeps cached responses of one dialect from callers of another, even for identical bytes', async () => {
    const request = JSON.stringify({ model: 'pretend', max_tokens: 5, messages: [{ role: 'user', content: 'same' }] });
    const ask = (path: string) =>
      fetch(`${gateway.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: request,
      });
    expect(await (await ask('/v1/chat/completions')).json()).toMatchObject({ object: 'chat.completion' });
    const other = await ask('/v1/messages');
    expect(other.headers.get('x-sluice-cache')).toBe('miss');
    expect(await other.json()).toMatchObject({ type: 'message' });
    expect((await ask('/v1/messages')).headers.get('x-sluice-cache')).toBe('hit');
  });
});
