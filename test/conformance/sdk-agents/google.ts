import type { Chat, Content, GenerateContentConfig, GenerateContentResponse, Part, PartListUnion } from '@google/genai';
import { sdkClients } from '../../support/sdk-callers.ts';
import {
  type Answer,
  type Ask,
  type Call,
  type MatrixClient,
  PLACE_SCHEMA,
  PNG,
  SYSTEM,
  TOOL_NAMES,
  TOOL_SCHEMA,
  toolLoop,
} from './client.ts';

const tools = [
  { functionDeclarations: TOOL_NAMES.map((name) => ({ name, description: name, parametersJsonSchema: TOOL_SCHEMA })) },
];

/** Google's SDK. Its chat keeps the history, with the pieces of a stream as separate contents. */
export const GOOGLE: MatrixClient = {
  name: 'Google Gen AI SDK, chats',
  packages: ['@google/genai'],
  dialect: 'gemini',

  start(ask) {
    const thinking = ask.reasoning ? { thinkingConfig: { includeThoughts: true } } : {};
    const config = { systemInstruction: SYSTEM, tools, ...thinking };
    const chat = sdkClients(ask.url, ask.key).google.chats.create({ model: ask.model, config });
    return {
      say: async (text, execute) =>
        toolLoop(await send(chat, ask.streamed, text), execute, (results) =>
          send(
            chat,
            ask.streamed,
            results.map(
              ({ id, name, own, result }): Part => ({
                functionResponse: { ...(own ? { id } : {}), name, response: { output: result } },
              }),
            ),
          ),
        ),
    };
  },

  async structured(ask) {
    const config = { responseMimeType: 'application/json', responseJsonSchema: PLACE_SCHEMA };
    return JSON.parse(await textOf(ask, [{ role: 'user', parts: [{ text: 'Where?' }] }], config)) as unknown;
  },

  image(ask) {
    const parts = [{ text: 'Look.' }, { inlineData: { mimeType: 'image/png', data: PNG } }];
    return textOf(ask, [{ role: 'user', parts }], {});
  },
};

/** A call of Gemini. `own` is whether it has an id of its own. */
type GeminiCall = Call & { readonly own: boolean };

async function send(chat: Chat, streamed: boolean, message: PartListUnion): Promise<Answer<GeminiCall>> {
  const pieces: GenerateContentResponse[] = [];
  if (streamed) for await (const piece of await chat.sendMessageStream({ message })) pieces.push(piece);
  else pieces.push(await chat.sendMessage({ message }));
  const parts = pieces.flatMap((piece) => piece.candidates?.[0]?.content?.parts ?? []);
  const textWhere = (thought: boolean) =>
    parts.map((part) => ((part.thought ?? false) === thought ? (part.text ?? '') : '')).join('');
  return {
    calls: parts.flatMap(({ functionCall }) =>
      functionCall === undefined
        ? []
        : [{ id: functionCall.id ?? '', name: functionCall.name ?? '', own: functionCall.id !== undefined }],
    ),
    text: textWhere(false),
    reasoning: textWhere(true),
  };
}

async function textOf({ url, key, model, streamed }: Ask, contents: Content[], config: GenerateContentConfig): Promise<string> {
  const { models } = sdkClients(url, key).google;
  if (!streamed) return (await models.generateContent({ model, contents, config })).text ?? '';
  let text = '';
  for await (const piece of await models.generateContentStream({ model, contents, config })) text += piece.text ?? '';
  return text;
}
