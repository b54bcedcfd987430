import { createOpenAI } from '@ai-sdk/openai';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { type RunningSimulator, startSimulator } from '@sluice/simulator';
import { generateText, type ModelMessage, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';
import { sdkClients } from '../support/sdk-callers.ts';
import { SIMULATED_PROVIDERS, simulatedProviders } from '../support/simulated-providers.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-conversations';

// the AI SDK warns about unknown models
(globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;

let simulator: RunningSimulator;
let gateway: Gateway;
let sdk: ReturnType<typeof sdkClients>;
beforeAll(async () => {
  simulator = await startSimulator({ models: {} });
  gateway = await startGateway({
    config: {
      providers: simulatedProviders(simulator.url),
      keys: [{ name: 'conversations', secret: KEY }],
    },
  });
  sdk = sdkClients(gateway.url, KEY);
});
afterAll(async () => {
  await gateway.close(0);
  await simulator.close();
});

describe.each(SIMULATED_PROVIDERS)('stored responses of a model of %s', (provider) => {
  const model = `${provider}/m`;

  it("lets OpenAI's SDK continue, read, list and delete a response", async () => {
    const { responses } = sdk.openai;
    const first = await responses.create({ model, input: 'My name is Ada.' });
    const second = await responses.create({ model, input: 'What is my name?', previous_response_id: first.id });
    expect(second.output_text).toBe('Simulated answer to: What is my name?');
    const read = await responses.retrieve(second.id);
    expect(read).toMatchObject({ id: second.id, previous_response_id: first.id, output_text: second.output_text });
    const items = [];
    for await (const item of responses.inputItems.list(second.id, { order: 'asc', limit: 2 })) items.push(item);
    expect(items.map((item) => ('role' in item ? item.role : item.type))).toEqual(['user', 'assistant', 'user']);
    await expect(responses.cancel(second.id)).rejects.toMatchObject({ status: 400 });
    await responses.delete(second.id);
    await expect(responses.retrieve(second.id)).rejects.toMatchObject({ status: 404, code: 'not_found' });
  });

  it('lets OpenAI’s SDK continue a streamed response, and count its input', async () => {
    const { responses } = sdk.openai;
    const first = await responses.stream({ model, input: 'My name is Ada.' }).finalResponse();
    const second = await responses.stream({ model, input: 'What is my name?', previous_response_id: first.id }).finalResponse();
    expect((await responses.retrieve(second.id)).output_text).toBe('Simulated answer to: What is my name?');
    const alone = await responses.inputTokens.count({ model, input: 'What is my name?' });
    expect(alone.object).toBe('response.input_tokens');
    expect(alone.input_tokens).toBeGreaterThan(0);
  });

  it.each([false, true])('lets the AI SDK refer to the items of earlier turns (streamed: %s)', async (streamed) => {
    const openai = createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY });
    const messages: ModelMessage[] = [];
    for (const text of ['Good morning', 'And again', 'And once more']) {
      messages.push({ role: 'user', content: text });
      const options = { model: openai(model), messages };
      const { text: answer, response } = streamed
        ? await (async (result) => ({ text: await result.text, response: await result.response }))(streamText(options))
        : await generateText(options);
      expect(answer).toBe(`Simulated answer to: ${text}`);
      messages.push(...response.messages);
    }
  });

  it('lets the AI SDK continue after a tool call', async () => {
    const openai = createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY });
    const weather = tool({ inputSchema: z.object({ place: z.string() }), execute: async () => 'sunny' });
    const { text, steps, response } = await generateText({
      model: openai(model),
      prompt: 'Ask weather.',
      tools: { weather },
      stopWhen: stepCountIs(3),
    });
    expect(steps).toHaveLength(2);
    expect(text).toBe('Simulated answer to: sunny');
    const messages: ModelMessage[] = [{ role: 'user', content: 'Ask weather.' }, ...response.messages];
    const next = await generateText({ model: openai(model), messages: [...messages, { role: 'user', content: 'Thanks' }] });
    expect(next.text).toBe('Simulated answer to: Thanks');
  });
});
