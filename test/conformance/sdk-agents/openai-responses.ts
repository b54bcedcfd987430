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

type Input = OpenAI.Responses.ResponseInputItem[];
const tools = TOOL_NAMES.map((name) => ({
  type: 'function' as const,
  name,
  description: name,
  parameters: TOOL_SCHEMA,
  strict: false,
}));

/** OpenAI's SDK with Responses: the caller keeps all items, with encrypted reasoning. */
export const OPENAI_RESPONSES: MatrixClient = client('OpenAI SDK, responses, `store: false`', false);
/** OpenAI's SDK with Responses: the gateway stores the items, and each request names the previous response. */
export const OPENAI_STORED: MatrixClient = client('OpenAI SDK, responses, `previous_response_id`', true);

function client(name: string, store: boolean): MatrixClient {
  return {
    name,
    packages: ['openai'],
    dialect: 'openai-responses',
    start: (ask) => start(ask, store),
    async structured(ask) {
      const format = { type: 'json_schema' as const, name: 'answer', schema: PLACE_SCHEMA, strict: true };
      return JSON.parse((await respond(ask, { input: 'Where?', store, text: { format } })).output_text) as unknown;
    },
    async image(ask) {
      const content = [
        { type: 'input_text' as const, text: 'Look.' },
        { type: 'input_image' as const, image_url: `data:image/png;base64,${PNG}`, detail: 'auto' as const },
      ];
      return (await respond(ask, { input: [{ role: 'user', content }], store })).output_text;
    },
  };
}

function start(ask: Ask, store: boolean): ReturnType<MatrixClient['start']> {
  const kept: Input = [];
  let previous: string | undefined;
  const send = async (items: Input): Promise<Answer> => {
    kept.push(...items);
    const reasoning = ask.reasoning ? { reasoning: { effort: 'low' as const, summary: 'auto' as const } } : {};
    const state = store
      ? { input: items, store, ...(previous === undefined ? {} : { previous_response_id: previous }) }
      : { input: kept, store, include: ['reasoning.encrypted_content' as const] };
    const response = await respond(ask, { instructions: SYSTEM, tools, ...reasoning, ...state });
    previous = response.id;
    kept.push(...(response.output as Input));
    return {
      calls: response.output.flatMap((item) => (item.type === 'function_call' ? [{ id: item.call_id, name: item.name }] : [])),
      text: response.output_text,
      reasoning: response.output
        .map((item) => (item.type === 'reasoning' ? item.summary.map(({ text }) => text).join('') : ''))
        .join(''),
    };
  };
  return {
    say: async (text, execute) =>
      toolLoop(await send([{ role: 'user', content: text }]), execute, (results) =>
        send(results.map(({ id, result }) => ({ type: 'function_call_output', call_id: id, output: result }))),
      ),
  };
}

function respond({ url, key, model, streamed }: Ask, rest: Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, 'model'>) {
  const { responses } = sdkClients(url, key).openai;
  const request = { model, ...rest };
  return streamed ? responses.stream({ ...request, stream: true }).finalResponse() : responses.create(request);
}
