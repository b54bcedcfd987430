import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import {
  generateText,
  jsonSchema,
  type LanguageModel,
  type ModelMessage,
  Output,
  stepCountIs,
  streamText,
  type ToolSet,
  tool,
} from 'ai';
import { thinkingOf } from './anthropic.ts';
import { type Ask, type MatrixClient, PLACE_SCHEMA, PNG, SYSTEM, TOOL_NAMES, TOOL_SCHEMA } from './client.ts';

// the AI SDK warns about unknown models
(globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;

type ProviderOptions = NonNullable<Parameters<typeof generateText>[0]['providerOptions']>;

interface Variant {
  readonly name: string;
  readonly package: string;
  readonly dialect: MatrixClient['dialect'];
  model(ask: Ask): LanguageModel;
  /** Returns the options for reasoning, as the AI SDK's documentation sets them. */
  reasoning(ask: Ask): ProviderOptions;
  /** Options that are set with and without reasoning. */
  readonly always?: ProviderOptions;
}

const openai = ({ url, key }: Ask) => createOpenAI({ baseURL: `${url}/v1`, apiKey: key });
const effort = { reasoningEffort: 'low', reasoningSummary: 'auto', forceReasoning: true };

const VARIANTS: readonly Variant[] = [
  {
    name: 'openai, responses',
    package: '@ai-sdk/openai',
    dialect: 'openai-responses',
    model: (ask) => openai(ask)(ask.model),
    reasoning: () => ({ openai: effort }),
  },
  {
    name: 'openai, responses, `store: false`',
    package: '@ai-sdk/openai',
    dialect: 'openai-responses',
    model: (ask) => openai(ask)(ask.model),
    reasoning: () => ({ openai: { ...effort, store: false, include: ['reasoning.encrypted_content'] } }),
    always: { openai: { store: false } },
  },
  {
    name: 'openai.chat',
    package: '@ai-sdk/openai',
    dialect: 'openai-chat',
    model: (ask) => openai(ask).chat(ask.model),
    reasoning: () => ({ openai: { reasoningEffort: 'low', forceReasoning: true } }),
  },
  {
    name: 'anthropic',
    package: '@ai-sdk/anthropic',
    dialect: 'anthropic-messages',
    model: ({ url, key, model }) => createAnthropic({ baseURL: `${url}/v1`, apiKey: key })(model),
    reasoning({ model }) {
      const thinking = thinkingOf(model);
      return {
        anthropic: {
          thinking: thinking.type === 'enabled' ? { type: 'enabled', budgetTokens: thinking.budget_tokens } : thinking,
        },
      };
    },
  },
  {
    name: 'google',
    package: '@ai-sdk/google',
    dialect: 'gemini',
    model: ({ url, key, model }) => createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey: key })(model),
    reasoning: () => ({ google: { thinkingConfig: { includeThoughts: true } } }),
  },
  {
    name: 'openai-compatible',
    package: '@ai-sdk/openai-compatible',
    dialect: 'openai-chat',
    model: ({ url, key, model }) =>
      createOpenAICompatible({ name: 'sluice', baseURL: `${url}/v1`, apiKey: key, supportsStructuredOutputs: true })(model),
    reasoning: () => ({ sluice: { reasoningEffort: 'low' } }),
  },
];

/** Vercel's AI SDK with each of its providers. The SDK runs the tool loop and keeps the messages. */
export const AI_SDK: readonly MatrixClient[] = VARIANTS.map((variant) => ({
  name: `AI SDK, ${variant.name}`,
  packages: ['ai', variant.package],
  dialect: variant.dialect,

  start(ask) {
    const messages: ModelMessage[] = [];
    return {
      async say(text, execute) {
        messages.push({ role: 'user', content: text });
        const tools: ToolSet = Object.fromEntries(
          TOOL_NAMES.map((name) => [
            name,
            tool({ description: name, inputSchema: jsonSchema(TOOL_SCHEMA), execute: () => execute(name) }),
          ]),
        );
        const options = { messages, tools, instructions: SYSTEM, stopWhen: stepCountIs(5) };
        const { steps, made } = await run(variant, ask, options);
        messages.push(...made);
        return {
          rounds: steps.map(({ toolCalls }) => toolCalls.map(({ toolName }) => toolName)).filter(({ length }) => length > 0),
          text: steps.at(-1)?.text ?? '',
          reasoning: steps.map(({ reasoningText }) => reasoningText ?? '').join(''),
        };
      },
    };
  },

  async structured(ask) {
    const output = Output.object({ schema: jsonSchema<{ place: string }>(PLACE_SCHEMA) });
    const options = { model: variant.model(ask), prompt: 'Where?', output, ...alwaysOf(variant) };
    return ask.streamed ? await streamText(options).output : (await generateText(options)).output;
  },

  async image(ask) {
    const image = { type: 'file' as const, mediaType: 'image/png', data: PNG };
    const content = [{ type: 'text' as const, text: 'Look.' }, image];
    const options = { model: variant.model(ask), messages: [{ role: 'user' as const, content }], ...alwaysOf(variant) };
    return ask.streamed ? await streamText(options).text : (await generateText(options)).text;
  },
}));

const alwaysOf = ({ always }: Variant) => ({ maxRetries: 0, ...(always === undefined ? {} : { providerOptions: always }) });

type Options = Pick<Parameters<typeof generateText>[0], 'tools' | 'stopWhen' | 'instructions'> & {
  readonly messages: ModelMessage[];
};

async function run(variant: Variant, ask: Ask, options: Options) {
  const reasoning = ask.reasoning ? { providerOptions: variant.reasoning(ask) } : {};
  const all = { ...options, model: variant.model(ask), ...alwaysOf(variant), ...reasoning };
  if (!ask.streamed) {
    const { steps, responseMessages } = await generateText(all);
    return { steps, made: responseMessages };
  }
  const failures: unknown[] = [];
  const result = streamText({ ...all, onError: ({ error }) => void failures.push(error) });
  await result.consumeStream();
  if (failures.length > 0) throw failures[0];
  return { steps: await result.steps, made: await result.responseMessages };
}
