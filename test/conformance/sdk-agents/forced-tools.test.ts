import { FunctionCallingConfigMode } from '@google/genai';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sdkClients } from '../../support/sdk-callers.ts';
import { STRICT_MODEL_NAMES, type StrictStage, startStrictStage } from '../../support/strict-models.ts';
import { thinkingOf } from './anthropic.ts';
import { TOOL_SCHEMA } from './client.ts';

const KEY = 'key-of-forced-tools';
const WEATHER = { name: 'weather', description: 'The weather of a place.' };

/** Structured output by a forced tool while reasoning is on. */
describe('a forced tool with reasoning on', () => {
  let stage: StrictStage;
  let sdk: ReturnType<typeof sdkClients>;
  beforeAll(async () => {
    stage = await startStrictStage(KEY);
    sdk = sdkClients(stage.gateway.url, KEY);
  });
  afterAll(() => stage.close());

  it.each(STRICT_MODEL_NAMES)("forces the call of a tool with %s for OpenAI's SDK, responses", async (model) => {
    const response = await sdk.openai.responses.create({
      model,
      input: 'Where?',
      store: false,
      reasoning: { effort: 'low', summary: 'auto' },
      tools: [{ type: 'function', ...WEATHER, parameters: TOOL_SCHEMA, strict: false }],
      tool_choice: { type: 'function', name: 'weather' },
    });
    expect(response.output.filter(({ type }) => type === 'function_call')).toMatchObject([{ name: 'weather' }]);
  });

  // a caller of the provider's own dialect is responsible for this combination
  it.each(STRICT_MODEL_NAMES.filter((name) => !/^(?:bedrock-)?anthropic\//.test(name)))(
    "forces the call of a tool with %s for Anthropic's SDK",
    async (model) => {
      const message = await sdk.anthropic.messages.create({
        model,
        max_tokens: 8_192,
        messages: [{ role: 'user', content: 'Where?' }],
        thinking: thinkingOf(model),
        tools: [{ ...WEATHER, input_schema: TOOL_SCHEMA }],
        tool_choice: { type: 'any' },
      });
      expect(message.content.filter(({ type }) => type === 'tool_use')).toMatchObject([{ name: 'weather' }]);
    },
  );

  it.each(STRICT_MODEL_NAMES)("forces the call of a tool with %s for Google's SDK", async (model) => {
    const { functionCalls } = await sdk.google.models.generateContent({
      model,
      contents: 'Where?',
      config: {
        thinkingConfig: { includeThoughts: true },
        tools: [{ functionDeclarations: [{ ...WEATHER, parametersJsonSchema: TOOL_SCHEMA }] }],
        toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } },
      },
    });
    expect(functionCalls).toMatchObject([{ name: 'weather' }]);
  });
});
