import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { events, type ScriptedUpstream, whole } from '../../support/scripted-upstream.ts';
import { KEY, openAiAnswer, PNG, type Stage, startStage, tool } from './stage.ts';

describe("Anthropic's SDK with providers of another dialect", () => {
  let stage: Stage;
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  let anthropic: Anthropic;
  beforeAll(async () => {
    stage = await startStage();
    ({ upstream, gateway, anthropic } = stage);
  });
  afterAll(() => stage.stop());
  beforeEach(() => upstream.answer(whole(openAiAnswer)));
  const reached = () => upstream.requests.at(-1);
  const body = () => JSON.parse(reached()?.body ?? '{}') as Record<string, unknown>;

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
    const unauthenticated = new Anthropic({ baseURL: gateway.url, apiKey: 'wrong', maxRetries: 0 });
    await expect(unauthenticated.models.list()).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
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
