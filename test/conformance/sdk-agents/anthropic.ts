import type Anthropic from '@anthropic-ai/sdk';
import { sdkClients } from '../../support/sdk-callers.ts';
import {
  type Answer,
  type Ask,
  type MatrixClient,
  PLACE_SCHEMA,
  PNG,
  SYSTEM,
  TOOL_NAMES,
  TOOL_SCHEMA,
  toolLoop,
} from './client.ts';

const tools = TOOL_NAMES.map((name) => ({ name, description: name, input_schema: TOOL_SCHEMA }));
const headers = { 'anthropic-beta': 'interleaved-thinking-2025-05-14' };

/** Anthropic's SDK. It returns the model's content unchanged, including thinking. */
export const ANTHROPIC: MatrixClient = {
  name: 'Anthropic SDK, messages',
  packages: ['@anthropic-ai/sdk'],
  dialect: 'anthropic-messages',

  start(ask) {
    const messages: Anthropic.MessageParam[] = [];
    const send = async (content: string | Anthropic.ContentBlockParam[]): Promise<Answer> => {
      messages.push({ role: 'user', content });
      const message = await messageOf(ask, {
        system: SYSTEM,
        tools,
        messages,
        ...(ask.reasoning ? { thinking: thinkingOf(ask.model) } : {}),
      });
      messages.push({ role: 'assistant', content: message.content });
      return {
        calls: message.content.flatMap((block) => (block.type === 'tool_use' ? [{ id: block.id, name: block.name }] : [])),
        text: textOf(message),
        reasoning: message.content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
      };
    };
    return {
      say: async (text, execute) =>
        toolLoop(await send(text), execute, (results) =>
          send(results.map(({ id, result }) => ({ type: 'tool_result', tool_use_id: id, content: result }))),
        ),
    };
  },

  async structured(ask) {
    const format = { type: 'json_schema' as const, schema: PLACE_SCHEMA };
    const messages = [{ role: 'user' as const, content: 'Where?' }];
    return JSON.parse(textOf(await messageOf(ask, { messages, output_config: { format } }))) as unknown;
  },

  async image(ask) {
    const source = { type: 'base64' as const, media_type: 'image/png' as const, data: PNG };
    const content: Anthropic.ContentBlockParam[] = [
      { type: 'text', text: 'Look.' },
      { type: 'image', source },
    ];
    return textOf(await messageOf(ask, { messages: [{ role: 'user', content }] }));
  },
};

/**
 * Returns the thinking options that Anthropic's documentation gives for the model. Models of other providers get the options of
 * an older Claude.
 */
export const thinkingOf = (model: string) =>
  model.includes('claude-opus-4-7') ? { type: 'adaptive' as const } : { type: 'enabled' as const, budget_tokens: 2_048 };

const textOf = ({ content }: Anthropic.Message): string =>
  content.map((block) => (block.type === 'text' ? block.text : '')).join('');

function messageOf(
  { url, key, model, streamed }: Ask,
  rest: Omit<Anthropic.MessageCreateParamsNonStreaming, 'model' | 'max_tokens'>,
): Promise<Anthropic.Message> {
  const { messages } = sdkClients(url, key).anthropic;
  const request = { model, max_tokens: 8_192, ...rest };
  return streamed ? messages.stream(request, { headers }).finalMessage() : messages.create(request, { headers });
}
