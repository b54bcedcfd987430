import { readCacheMark } from '../neutral/cache-mark.ts';
import { EFFORTS } from '../neutral/effort.ts';
import { OPENAI_FIELDS, readOpenAiFields } from '../neutral/openai-fields.ts';
import { offeredTools } from '../neutral/own-tools.ts';
import {
  asList,
  asString,
  dataUrl,
  defined,
  isBoolean,
  isNumber,
  isObject,
  isString,
  type Json,
  type JsonObject,
  member,
  needList,
  needObject,
  needString,
  optional,
  wrongField,
} from '../neutral/read-json.ts';
import type {
  Citation,
  Effort,
  MediaSource,
  Message,
  NeutralRequest,
  Part,
  Reasoning,
  ResponseFormat,
  Tool,
  ToolChoice,
} from '../neutral/request.ts';

/** Fields of a request that the neutral form says. */
const SAID = [
  'model',
  'messages',
  'stream',
  'stream_options',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'stop',
  'presence_penalty',
  'frequency_penalty',
  'seed',
  'logprobs',
  'top_logprobs',
  'n',
  'response_format',
  'reasoning_effort',
  'service_tier',
  'user',
] as const;

/** Fields that no other dialect can say, and that are no more than a wish. */
const WISHED = ['prediction'] as const;

const SAID_OR_WISHED: ReadonlySet<string> = new Set([...SAID, ...OPENAI_FIELDS, ...WISHED]);
const ROLES: Readonly<Record<string, Message['role']>> = {
  system: 'system',
  developer: 'developer',
  user: 'user',
  assistant: 'assistant',
};

/** Source: OpenAI's API reference, "Create chat completion". */
export function readRequest(body: JsonObject): NeutralRequest {
  const { modalities } = body;
  const textOnly = asList(modalities).every((one) => one === 'text');
  const unsaid = Object.keys(body).filter((name) => body[name] !== null && !SAID_OR_WISHED.has(name));
  const needed = unsaid.filter((name) => !(name === 'modalities' && textOnly));
  const offered = body['tools'] == null ? undefined : offeredTools(body['tools'], ({ type }) => type === 'function');
  const wished = [...WISHED.filter((name) => body[name] !== undefined && body[name] !== null), ...(offered?.left ?? [])];
  const stop = body['stop'];
  const logprobs = optional(body['logprobs'], 'logprobs', isBoolean, 'true or false');
  const maxTokens =
    optional(body['max_completion_tokens'], 'max_completion_tokens', isNumber, 'a number') ??
    optional(body['max_tokens'], 'max_tokens', isNumber, 'a number');
  return defined({
    messages: readMessages(needList(body['messages'], 'messages')),
    tools: offered?.functions.map(({ tool, at }) => readTool(tool, at)),
    toolChoice: readToolChoice(body['tool_choice']),
    parallelToolCalls: optional(body['parallel_tool_calls'], 'parallel_tool_calls', isBoolean, 'true or false'),
    maxTokens,
    temperature: optional(body['temperature'], 'temperature', isNumber, 'a number'),
    topP: optional(body['top_p'], 'top_p', isNumber, 'a number'),
    stop: isString(stop) ? [stop] : stop == null ? undefined : needList(stop, 'stop').map((one) => needString(one, 'stop')),
    presencePenalty: optional(body['presence_penalty'], 'presence_penalty', isNumber, 'a number'),
    frequencyPenalty: optional(body['frequency_penalty'], 'frequency_penalty', isNumber, 'a number'),
    seed: optional(body['seed'], 'seed', isNumber, 'a number'),
    logprobs: logprobs === true ? (optional(body['top_logprobs'], 'top_logprobs', isNumber, 'a number') ?? 0) : undefined,
    choices: optional(body['n'], 'n', isNumber, 'a number'),
    format: readFormat(body['response_format']),
    reasoning: readEffort(body['reasoning_effort']),
    serviceTier: optional(body['service_tier'], 'service_tier', isString, 'a string'),
    user: optional(body['user'], 'user', isString, 'a string'),
    ...readOpenAiFields(body),
    only: needed.length + wished.length === 0 ? undefined : { needed, wished },
  });
}

function readEffort(value: Json): NeutralRequest['reasoning'] {
  const effort = optional(value, 'reasoning_effort', isString, 'a string');
  if (effort === undefined) return undefined;
  if (!EFFORTS.includes(effort as Effort)) wrongField('reasoning_effort', `one of ${EFFORTS.join(', ')}`);
  return { effort: effort as Effort, show: true };
}

function readMessages(messages: readonly Json[]): Message[] {
  return messages.map((value, n): Message => {
    const at = `messages[${n}]`;
    const message = needObject(value, at);
    const role = needString(message['role'], `${at}.role`);
    if (role === 'tool') {
      const parts = readContent(message['content'], `${at}.content`);
      return {
        role: 'user',
        parts: [{ type: 'tool_result', callId: needString(message['tool_call_id'], `${at}.tool_call_id`), parts }],
      };
    }
    const known = ROLES[role];
    if (known === undefined || !Object.hasOwn(ROLES, role))
      wrongField(`${at}.role`, 'system, developer, user, assistant or tool');
    if (known !== 'assistant') return { role: known as Message['role'], parts: readContent(message['content'], `${at}.content`) };
    return { role: known, parts: readAssistant(message, at) };
  });
}

/** What an assistant's message says. */
function readAssistant(message: JsonObject, at: string): Part[] {
  const { content } = message;
  const said = content === undefined || content === null || content === '' ? [] : readContent(content, `${at}.content`);
  return readSaid(message, said, at);
}

/** What an assistant's message says beside its content, a request's or an answer's. */
export function readSaid(message: JsonObject, content: readonly Part[], at: string): Part[] {
  const parts: Part[] = [...readReasoning(message), ...withAnnotations([...content], message['annotations'])];
  const refusal = asString(message['refusal']);
  if (refusal !== undefined && refusal !== '') parts.push({ type: 'refusal', text: refusal });
  for (const [n, value] of asList(message['tool_calls']).entries()) {
    const where = `${at}.tool_calls[${n}]`;
    const call = needObject(value, where);
    const custom = call['custom'];
    if (isObject(custom)) {
      const input = JSON.stringify({ input: asString(custom['input']) ?? '' });
      parts.push({ type: 'tool_call', id: asString(call['id']) ?? '', name: asString(custom['name']) ?? '', arguments: input });
      continue;
    }
    const func = call['function'];
    if (!isObject(func)) wrongField(`${where}.function`, 'an object');
    const signature = asString(member(member(call['extra_content'], 'google'), 'thought_signature'));
    parts.push({
      type: 'tool_call',
      id: asString(call['id']) ?? '',
      name: needString((func as JsonObject)['name'], `${where}.function.name`),
      arguments: asString((func as JsonObject)['arguments']) ?? '{}',
      ...(signature === undefined ? {} : { signature }),
    });
  }
  return parts;
}

/** Reasoning as those who serve it in this dialect write it: DeepSeek's `reasoning_content`, OpenRouter's `reasoning` and `reasoning_details`. */
function* readReasoning(message: JsonObject): Generator<Reasoning> {
  const details = asList(message['reasoning_details']);
  for (const detail of details) {
    const type = member(detail, 'type');
    const signature = asString(member(detail, 'signature'));
    if (type === 'reasoning.encrypted') yield { type: 'reasoning', text: '', encrypted: asString(member(detail, 'data')) ?? '' };
    else if (type === 'reasoning.text' || type === 'reasoning.summary') {
      const text = asString(member(detail, 'text')) ?? asString(member(detail, 'summary')) ?? '';
      yield { type: 'reasoning', text, ...(signature === undefined ? {} : { signature }) };
    }
  }
  if (details.length > 0) return;
  const text = asString(message['reasoning_content']) ?? asString(message['reasoning']);
  if (text !== undefined && text !== '') yield { type: 'reasoning', text };
}

/** A thought as Mistral writes it: a part of the content, whose words are parts again. */
export const readThinking = (thinking: Json): string =>
  asString(thinking) ??
  asList(thinking)
    .map((part) => asString(member(part, 'text')) ?? '')
    .join('');

/** Addresses that a text cites. */
export function readAnnotations(annotations: Json): Citation[] {
  return asList(annotations).flatMap((one) => {
    const cited = member(one, 'url_citation');
    if (!isObject(cited)) return [];
    const { url, title, start_index, end_index } = cited;
    return [
      defined({
        url: asString(url),
        title: asString(title),
        start: isNumber(start_index) ? start_index : undefined,
        end: isNumber(end_index) ? end_index : undefined,
      }),
    ];
  });
}

function withAnnotations(parts: Part[], annotations: Json): Part[] {
  const citations = readAnnotations(annotations);
  const [first] = parts;
  if (citations.length === 0 || first?.type !== 'text') return parts;
  return [{ ...first, citations }, ...parts.slice(1)];
}

function readContent(content: Json, at: string): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return needList(content, at).map((value, n): Part => {
    const where = `${at}[${n}]`;
    const part = needObject(value, where);
    switch (part['type']) {
      case 'text':
        return { type: 'text', text: needString(part['text'], `${where}.text`), ...readCacheMark(part) };
      case 'refusal':
        return { type: 'refusal', text: needString(part['refusal'], `${where}.refusal`) };
      case 'thinking':
        return { type: 'reasoning', text: readThinking(part['thinking']) };
      case 'image_url': {
        const image = needObject(part['image_url'], `${where}.image_url`);
        const detail = asString(image['detail']);
        const source = sourceOf(needString(image['url'], `${where}.image_url.url`));
        return { type: 'image', source, ...(detail === undefined ? {} : { detail }), ...readCacheMark(part) };
      }
      case 'input_audio': {
        const audio = needObject(part['input_audio'], `${where}.input_audio`);
        const data = needString(audio['data'], `${where}.input_audio.data`);
        return { type: 'audio', source: { kind: 'base64', mediaType: `audio/${asString(audio['format']) ?? 'wav'}`, data } };
      }
      case 'file': {
        const file = needObject(part['file'], `${where}.file`);
        const name = asString(file['filename']);
        const id = asString(file['file_id']);
        const source: MediaSource =
          id === undefined
            ? sourceOf(needString(file['file_data'], `${where}.file.file_data`), 'application/pdf')
            : { kind: 'id', id };
        return { type: 'file', source, ...(name === undefined ? {} : { name }), ...readCacheMark(part) };
      }
      default:
        return wrongField(`${where}.type`, 'text, image_url, input_audio, file or refusal');
    }
  });
}

function sourceOf(url: string, bare?: string): MediaSource {
  const data = dataUrl(url);
  if (data !== undefined) return { kind: 'base64', ...data };
  if (bare !== undefined && !/^https?:/.test(url)) return { kind: 'base64', mediaType: bare, data: url };
  return { kind: 'url', url };
}

function readTool(tool: JsonObject, at: string): Tool {
  const func = needObject(tool['function'], `${at}.function`);
  return defined({
    name: needString(func['name'], `${at}.function.name`),
    description: asString(func['description']),
    schema: isObject(func['parameters']) ? func['parameters'] : { type: 'object', properties: {} },
    strict: isBoolean(func['strict']) ? func['strict'] : undefined,
    ...readCacheMark(tool),
  });
}

function readToolChoice(value: Json): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === 'auto' || value === 'none' || value === 'required') return value;
  const name = asString(member(member(value, 'function'), 'name'));
  return name === undefined ? wrongField('tool_choice', 'auto, none, required or a function') : { name };
}

function readFormat(value: Json): ResponseFormat | undefined {
  if (value === undefined || value === null) return undefined;
  const format = needObject(value, 'response_format');
  switch (format['type']) {
    case 'text':
      return undefined;
    case 'json_object':
      return { type: 'json' };
    case 'json_schema': {
      const given = needObject(format['json_schema'], 'response_format.json_schema');
      return defined({
        type: 'schema' as const,
        name: asString(given['name']),
        description: asString(given['description']),
        schema: needObject(given['schema'], 'response_format.json_schema.schema'),
        strict: isBoolean(given['strict']) ? given['strict'] : undefined,
      });
    }
    default:
      return wrongField('response_format.type', 'text, json_object or json_schema');
  }
}
