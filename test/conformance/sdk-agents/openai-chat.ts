import type OpenAI from 'openai';
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

type Message = OpenAI.ChatCompletionMessageParam;
const tools = TOOL_NAMES.map((name) => ({
  type: 'function' as const,
  function: { name, description: name, parameters: TOOL_SCHEMA },
}));

/** OpenAI's SDK with chat completions. It returns the model's messages unchanged. */
export const OPENAI_CHAT: MatrixClient = {
  name: 'OpenAI SDK, chat completions',
  packages: ['openai'],
  dialect: 'openai-chat',

  start({ url, key, model, streamed, reasoning }) {
    const { openai } = sdkClients(url, key);
    const messages: Message[] = [{ role: 'system', content: SYSTEM }];
    const ask = async (): Promise<Answer> => {
      const request = { model, messages, tools, ...(reasoning ? { reasoning_effort: 'low' as const } : {}) };
      const completion = streamed
        ? await openai.chat.completions.stream(request).finalChatCompletion()
        : await openai.chat.completions.create(request);
      const message = completion.choices[0]?.message as OpenAI.ChatCompletionMessage & { reasoning_content?: string };
      messages.push(message);
      const calls = (message.tool_calls ?? []).flatMap((call) =>
        call.type === 'function' ? [{ id: call.id, name: call.function.name }] : [],
      );
      return { calls, text: message.content ?? '', reasoning: message.reasoning_content ?? '' };
    };
    return {
      async say(text, execute) {
        messages.push({ role: 'user', content: text });
        return toolLoop(await ask(), execute, (results) => {
          messages.push(...results.map(({ id, result }): Message => ({ role: 'tool', tool_call_id: id, content: result })));
          return ask();
        });
      },
    };
  },

  async structured(ask) {
    const json_schema = { name: 'answer', schema: PLACE_SCHEMA, strict: true };
    return JSON.parse(
      await textOf(ask, {
        messages: [{ role: 'user', content: 'Where?' }],
        response_format: { type: 'json_schema', json_schema },
      }),
    ) as unknown;
  },

  image(ask) {
    const image_url = { url: `data:image/png;base64,${PNG}` };
    return textOf(ask, {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look.' },
            { type: 'image_url', image_url },
          ],
        },
      ],
    });
  },
};

async function textOf(
  { url, key, model, streamed }: Ask,
  rest: Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, 'model'>,
): Promise<string> {
  const { completions } = sdkClients(url, key).openai.chat;
  const request = { model, ...rest };
  const completion = streamed
    ? await completions.stream({ ...request, stream: true }).finalChatCompletion()
    : await completions.create(request);
  return completion.choices[0]?.message.content ?? '';
}
