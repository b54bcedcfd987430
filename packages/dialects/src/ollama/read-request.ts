import { defined } from '@sluice/core';
import {
  asList,
  asNumber,
  isObject,
  isString,
  type Json,
  type JsonObject,
  needList,
  needString,
  optional,
  wrongField,
} from '../neutral/read-json.ts';
import { imagePart, readMessages } from './read-messages.ts';

/** Ollama's routes that a model serves, each with its own format. */
export type OllamaKind = 'chat' | 'generate' | 'embed' | 'embeddings';

const EFFORTS: ReadonlySet<Json> = new Set(['low', 'medium', 'high']);

/**
 * Converts a request of Ollama's API to one of OpenAI's. `OllamaAnswer` converts the reply. Options that OpenAI's chat
 * completions do not have (`top_k`, `num_ctx`, `keep_alive`, …) are omitted. Source: Ollama's API reference (docs/api.md of its
 * repository).
 *
 * @throws LlmError `invalid_request` with the invalid field
 */
export function readOllamaRequest(kind: OllamaKind, body: JsonObject): JsonObject {
  const model = needString(body['model'], 'model');
  if (kind === 'embed')
    return defined({ model, input: body['input'], dimensions: body['dimensions'] ?? undefined, encoding_format: 'float' });
  if (kind === 'embeddings') return { model, input: needString(body['prompt'], 'prompt'), encoding_format: 'float' };
  const messages = kind === 'chat' ? readMessages(needList(body['messages'], 'messages')) : promptOf(body);
  const stream = body['stream'] ?? true;
  if (typeof stream !== 'boolean') wrongField('stream', 'true or false');
  const tools = asList(body['tools']);
  return defined({
    model,
    messages,
    stream,
    stream_options: stream ? { include_usage: true } : undefined,
    tools: tools.length === 0 ? undefined : tools,
    response_format: formatOf(body['format']),
    reasoning_effort: effortOf(body['think']),
    ...optionsOf(optional(body['options'], 'options', isObject, 'an object') ?? {}),
  });
}

/** Returns a prompt with its system text and images as messages. */
function promptOf(body: JsonObject): JsonObject[] {
  const prompt = needString(body['prompt'], 'prompt');
  const system = optional(body['system'], 'system', isString, 'a string') ?? '';
  const images = asList(body['images']).map((image, n) => imagePart(image, `images[${n}]`));
  const content = images.length === 0 ? prompt : [{ type: 'text', text: prompt }, ...images];
  return [...(system === '' ? [] : [{ role: 'system', content: system }]), { role: 'user', content }];
}

function formatOf(format: Json): JsonObject | undefined {
  if (format === undefined || format === null || format === '') return undefined;
  if (format === 'json') return { type: 'json_object' };
  if (!isObject(format)) wrongField('format', '"json" or a JSON schema');
  return { type: 'json_schema', json_schema: { name: 'answer', schema: format } };
}

/** Returns the effort; `true` selects the model's default. */
const effortOf = (think: Json): Json => (EFFORTS.has(think) ? think : undefined);

function optionsOf(options: JsonObject): Record<string, Json> {
  const number = (name: string): number | undefined => asNumber(options[name]);
  const limit = number('num_predict');
  const stop = isString(options['stop']) ? [options['stop']] : asList(options['stop']);
  return {
    temperature: number('temperature'),
    top_p: number('top_p'),
    seed: number('seed'),
    presence_penalty: number('presence_penalty'),
    frequency_penalty: number('frequency_penalty'),
    // -1 and -2 mean no limit
    max_completion_tokens: limit !== undefined && limit > 0 ? limit : undefined,
    stop: stop.length === 0 ? undefined : stop,
  };
}
