import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import type Anthropic from '@anthropic-ai/sdk';
import { type Content, FunctionCallingConfigMode } from '@google/genai';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { type RunningSimulator, startSimulator } from '@sluice/simulator';
import { generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import type OpenAI from 'openai';
import { z } from 'zod';
import { sdkClients } from '../support/sdk-callers.ts';
import { SIMULATED_PROVIDERS, simulatedProviders } from '../support/simulated-providers.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-the-matrix';
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const PNG_BYTES = Buffer.from(PNG, 'base64').length;
const SAW_IT = `Simulated answer to: Look. [image: image/png, ${PNG_BYTES} bytes]`;
const schema = { type: 'object' as const, properties: { place: { type: 'string' as const } }, required: ['place'] };
const additional = { ...schema, additionalProperties: false };
const WEATHER = { name: 'weather', description: 'The weather of a place.' };

// the AI SDK warns about unknown models
(globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;

let simulator: RunningSimulator;
let gateway: Gateway;
let sdk: ReturnType<typeof sdkClients>;
beforeAll(async () => {
  simulator = await startSimulator({ models: {} });
  gateway = await startGateway({
    config: { providers: simulatedProviders(simulator.url), keys: [{ name: 'matrix', secret: KEY }] },
  });
  sdk = sdkClients(gateway.url, KEY);
});
afterAll(async () => {
  await gateway.close(0);
  await simulator.close();
});

/** Every SDK with a provider of every dialect. All providers give the SDK the same result. */
describe.each(SIMULATED_PROVIDERS)('a model of %s', (provider) => {
  const model = `${provider}/m`;

  describe("OpenAI's SDK, chat completions", () => {
    const messages = [{ role: 'user' as const, content: 'Good morning' }];
    const tools: OpenAI.ChatCompletionTool[] = [{ type: 'function', function: { ...WEATHER, parameters: schema } }];

    it('chats with complete and streamed responses', async () => {
      const { choices, usage } = await sdk.openai.chat.completions.create({ model, messages });
      expect(choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'Simulated answer to: Good morning' } });
      expect(usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 33, total_tokens: 45 });
      const runner = sdk.openai.chat.completions.stream({ model, messages, stream_options: { include_usage: true } });
      const streamed = await runner.finalChatCompletion();
      expect(streamed.choices[0]?.message.content).toBe('Simulated answer to: Good morning');
      expect(streamed.usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 33 });
    });

    it.each([false, true])('calls a tool and continues with its result (streamed: %s)', async (streamed) => {
      const asked: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Ask weather.' }];
      const turn = (all: OpenAI.ChatCompletionMessageParam[]) =>
        streamed
          ? sdk.openai.chat.completions.stream({ model, messages: all, tools }).finalChatCompletion()
          : sdk.openai.chat.completions.create({ model, messages: all, tools });
      const [choice] = (await turn(asked)).choices;
      const [call] = choice?.message.tool_calls ?? [];
      expect(choice?.finish_reason).toBe('tool_calls');
      expect(call).toMatchObject({ type: 'function', function: { name: 'weather', arguments: '{"place":"simulated"}' } });
      const result = { role: 'tool' as const, tool_call_id: call?.id as string, content: 'sunny' };
      const second = await turn([...asked, choice?.message as OpenAI.ChatCompletionMessageParam, result]);
      expect(second.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'Simulated answer to: sunny' } });
    });

    it('supports structured output, images and reasoning', async () => {
      const json_schema = { name: 'answer', schema: additional, strict: true };
      const structured = await sdk.openai.chat.completions.create({
        model,
        messages,
        response_format: { type: 'json_schema', json_schema },
      });
      expect(JSON.parse(structured.choices[0]?.message.content as string)).toEqual({ place: 'simulated' });
      const content: OpenAI.ChatCompletionContentPart[] = [
        { type: 'text', text: 'Look.' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
      ];
      const seen = await sdk.openai.chat.completions.create({ model, messages: [{ role: 'user', content }] });
      expect(seen.choices[0]?.message.content).toBe(SAW_IT);
      const thought = await sdk.openai.chat.completions.create({ model, messages, reasoning_effort: 'low' });
      expect(thought.choices[0]?.message).toMatchObject({
        reasoning_content: 'Thinking about: Good morning',
        content: 'Simulated answer to: Good morning',
      });
    });
  });

  describe("OpenAI's SDK, responses", () => {
    const tools: OpenAI.Responses.Tool[] = [{ type: 'function', ...WEATHER, parameters: schema, strict: false }];

    it('responds completely and streamed', async () => {
      const response = await sdk.openai.responses.create({ model, input: 'Good morning' });
      expect(response).toMatchObject({ status: 'completed', output_text: 'Simulated answer to: Good morning' });
      expect(response.usage).toMatchObject({ input_tokens: 12, output_tokens: 33, total_tokens: 45 });
      const final = await sdk.openai.responses.stream({ model, input: 'Good morning' }).finalResponse();
      expect(final.output_text).toBe('Simulated answer to: Good morning');
      expect(final.usage).toMatchObject({ input_tokens: 12, output_tokens: 33 });
    });

    it.each([false, true])('calls a tool and continues with its result (streamed: %s)', async (streamed) => {
      const asked: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'Ask weather.' }];
      const turn = (input: OpenAI.Responses.ResponseInput) =>
        streamed
          ? sdk.openai.responses.stream({ model, input, tools }).finalResponse()
          : sdk.openai.responses.create({ model, input, tools });
      const first = await turn(asked);
      const call = first.output.find(({ type }) => type === 'function_call') as
        | OpenAI.Responses.ResponseFunctionToolCall
        | undefined;
      expect(call).toMatchObject({ name: 'weather', arguments: '{"place":"simulated"}' });
      const result = { type: 'function_call_output' as const, call_id: call?.call_id as string, output: 'sunny' };
      const second = await turn([...asked, ...(first.output as OpenAI.Responses.ResponseInput), result]);
      expect(second.output_text).toBe('Simulated answer to: sunny');
    });

    it('supports structured output, images and reasoning', async () => {
      const structured = await sdk.openai.responses.create({
        model,
        input: 'x',
        text: { format: { type: 'json_schema', name: 'answer', schema: additional, strict: true } },
      });
      expect(JSON.parse(structured.output_text)).toEqual({ place: 'simulated' });
      const content: OpenAI.Responses.ResponseInputMessageContentList = [
        { type: 'input_text', text: 'Look.' },
        { type: 'input_image', image_url: `data:image/png;base64,${PNG}`, detail: 'auto' },
      ];
      const seen = await sdk.openai.responses.create({ model, input: [{ role: 'user', content }] });
      expect(seen.output_text).toBe(SAW_IT);
      const reasoning = { effort: 'low', summary: 'auto' } as const;
      const thought = await sdk.openai.responses.create({ model, input: 'Good morning', reasoning, max_output_tokens: 5_000 });
      const item = thought.output.find(({ type }) => type === 'reasoning');
      expect(item).toMatchObject({ summary: [{ type: 'summary_text', text: 'Thinking about: Good morning' }] });
      expect(thought.output_text).toBe('Simulated answer to: Good morning');
    });
  });

  describe("Anthropic's SDK", () => {
    const base = { model, max_tokens: 5_000 };
    const messages = [{ role: 'user' as const, content: 'Good morning' }];
    const tools: Anthropic.Tool[] = [{ ...WEATHER, input_schema: schema }];
    const textOf = ({ content }: Anthropic.Message) => content.map((block) => (block.type === 'text' ? block.text : '')).join('');

    it('chats with complete and streamed responses', async () => {
      for (const message of [
        await sdk.anthropic.messages.create({ ...base, messages }),
        await sdk.anthropic.messages.stream({ ...base, messages }).finalMessage(),
      ]) {
        expect(textOf(message)).toBe('Simulated answer to: Good morning');
        expect(message).toMatchObject({ stop_reason: 'end_turn', usage: { input_tokens: 12, output_tokens: 33 } });
      }
    });

    it.each([false, true])('calls a tool and continues with its result (streamed: %s)', async (streamed) => {
      const asked: Anthropic.MessageParam[] = [{ role: 'user', content: 'Ask weather.' }];
      const turn = (all: Anthropic.MessageParam[]) =>
        streamed
          ? sdk.anthropic.messages.stream({ ...base, messages: all, tools }).finalMessage()
          : sdk.anthropic.messages.create({ ...base, messages: all, tools });
      const first = await turn(asked);
      const call = first.content.find((block) => block.type === 'tool_use');
      expect(first.stop_reason).toBe('tool_use');
      expect(call).toMatchObject({ name: 'weather', input: { place: 'simulated' } });
      const content = [{ type: 'tool_result' as const, tool_use_id: call?.id as string, content: 'sunny' }];
      const second = await turn([...asked, { role: 'assistant', content: first.content }, { role: 'user', content }]);
      expect(textOf(second)).toBe('Simulated answer to: sunny');
    });

    it('supports structured output, images and reasoning', async () => {
      const format = { type: 'json_schema' as const, schema: additional };
      const structured = await sdk.anthropic.messages.create({ ...base, messages, output_config: { format } });
      expect(JSON.parse(textOf(structured))).toEqual({ place: 'simulated' });
      const content: Anthropic.ContentBlockParam[] = [
        { type: 'text', text: 'Look.' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
      ];
      expect(textOf(await sdk.anthropic.messages.create({ ...base, messages: [{ role: 'user', content }] }))).toBe(SAW_IT);
      const thinking = { type: 'enabled' as const, budget_tokens: 2_048 };
      const thought = await sdk.anthropic.messages.create({ ...base, messages, thinking });
      expect(thought.content[0]).toMatchObject({ type: 'thinking', thinking: 'Thinking about: Good morning' });
      // the signed reasoning is accepted when the client returns it
      const again = [...messages, { role: 'assistant' as const, content: thought.content }, ...messages];
      expect(textOf(await sdk.anthropic.messages.create({ ...base, messages: again, thinking }))).toContain('Good morning');
    });

    it('counts the tokens of a request', async () => {
      const { input_tokens } = await sdk.anthropic.messages.countTokens({ model, messages });
      expect(input_tokens).toBeGreaterThan(3);
    });
  });

  describe("Google's SDK", () => {
    const functionDeclarations = [{ ...WEATHER, parametersJsonSchema: schema }];

    it('generates complete and streamed content', async () => {
      const whole = await sdk.google.models.generateContent({ model, contents: 'Good morning' });
      expect(whole.text).toBe('Simulated answer to: Good morning');
      expect(whole.usageMetadata).toMatchObject({ promptTokenCount: 12, candidatesTokenCount: 33, totalTokenCount: 45 });
      let text = '';
      let pieces = 0;
      for await (const piece of await sdk.google.models.generateContentStream({ model, contents: 'Good morning' })) {
        text += piece.text ?? '';
        pieces++;
      }
      expect(text).toBe('Simulated answer to: Good morning');
      expect(pieces).toBeGreaterThan(3);
    });

    it('calls a tool and continues with its result', async () => {
      const asked: Content[] = [{ role: 'user', parts: [{ text: 'Ask weather.' }] }];
      const config = {
        tools: [{ functionDeclarations }],
        toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.AUTO } },
      };
      const first = await sdk.google.models.generateContent({ model, contents: asked, config });
      const [call] = first.functionCalls ?? [];
      expect(call).toMatchObject({ name: 'weather', args: { place: 'simulated' } });
      const result = {
        functionResponse: { name: 'weather', response: { result: 'sunny' }, ...(call?.id === undefined ? {} : { id: call.id }) },
      };
      const reply = first.candidates?.[0]?.content as Content;
      const second = await sdk.google.models.generateContent({
        model,
        contents: [...asked, reply, { role: 'user', parts: [result] }],
        config,
      });
      expect(second.text).toContain('sunny');
    });

    it('supports structured output, images and reasoning', async () => {
      const config = { responseMimeType: 'application/json', responseJsonSchema: additional };
      const structured = await sdk.google.models.generateContent({ model, contents: 'x', config });
      expect(JSON.parse(structured.text as string)).toEqual({ place: 'simulated' });
      const parts = [{ text: 'Look.' }, { inlineData: { mimeType: 'image/png', data: PNG } }];
      const seen = await sdk.google.models.generateContent({ model, contents: [{ role: 'user', parts }] });
      expect(seen.text).toBe(SAW_IT);
      const thinkingConfig = { thinkingBudget: 2_048, includeThoughts: true };
      const thought = await sdk.google.models.generateContent({ model, contents: 'Good morning', config: { thinkingConfig } });
      const shown = thought.candidates?.[0]?.content?.parts?.find((part) => part.thought === true);
      expect(shown?.text).toBe('Thinking about: Good morning');
      expect(thought.text).toBe('Simulated answer to: Good morning');
    });

    it('counts the tokens of a request', async () => {
      const { totalTokens } = await sdk.google.models.countTokens({ model, contents: 'Good morning' });
      expect(totalTokens).toBeGreaterThan(3);
    });
  });

  describe("Vercel's AI SDK", () => {
    const models = () => ({
      'openai (responses)': createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY })(model),
      'openai (chat)': createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY }).chat(model),
      anthropic: createAnthropic({ baseURL: `${gateway.url}/v1`, apiKey: KEY })(model),
      google: createGoogleGenerativeAI({ baseURL: `${gateway.url}/v1beta`, apiKey: KEY })(model),
    });

    it.each(['openai (responses)', 'openai (chat)', 'anthropic', 'google'] as const)(
      'supports text, streams, tools with a second turn and objects with the provider %s',
      async (name) => {
        const of = models()[name];
        const text = await generateText({ model: of, prompt: 'Good morning' });
        expect(text).toMatchObject({ text: 'Simulated answer to: Good morning', finishReason: 'stop' });
        expect(text.usage).toMatchObject({ inputTokens: 12, outputTokens: 33 });
        const stream = streamText({ model: of, prompt: 'Good morning' });
        let streamed = '';
        for await (const piece of stream.textStream) streamed += piece;
        expect(streamed).toBe('Simulated answer to: Good morning');
        const weather = tool({ description: 'x', inputSchema: z.object({ place: z.string() }), execute: async () => 'sunny' });
        const called = await generateText({ model: of, prompt: 'Ask weather.', tools: { weather }, stopWhen: stepCountIs(2) });
        expect(called.steps[0]?.toolCalls).toMatchObject([{ toolName: 'weather', input: { place: 'simulated' } }]);
        expect(called.text).toContain('sunny');
        const { object } = await generateObject({ model: of, prompt: 'x', schema: z.object({ place: z.string() }) });
        expect(object).toEqual({ place: 'simulated' });
      },
    );
  });
});
