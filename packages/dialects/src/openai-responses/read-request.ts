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
  Effort,
  MediaSource,
  Message,
  NeutralRequest,
  Part,
  ReasoningWish,
  ResponseFormat,
  Tool,
  ToolChoice,
} from '../neutral/request.ts';
import { readOutputPart, readReasoning } from './read-items.ts';

/** Fields of a request that the neutral form says. */
const SAID: ReadonlySet<string> = new Set([
  'include',
  'input',
  'instructions',
  'max_output_tokens',
  'model',
  'parallel_tool_calls',
  'reasoning',
  'service_tier',
  'stream',
  'stream_options',
  'temperature',
  'text',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'user',
]);

/** Fields that no other dialect can say, and that are no more than a wish. */
const WISHED = ['access_programs', 'client_metadata', 'context_management', 'truncation'] as const;
const SHARED: readonly string[] = OPENAI_FIELDS;

/** What OpenAI's own tools did in a turn before is left away as it is in an answer: what the model said about it is text. */
const OF_OWN_TOOLS: ReadonlySet<string> = new Set([
  'code_interpreter_call',
  'file_search_call',
  'image_generation_call',
  'mcp_call',
  'mcp_list_tools',
  'tool_search_call',
  'tool_search_output',
  'web_search_call',
]);

const LOGPROBS = 'message.output_text.logprobs';

/** Source: OpenAI's API reference, "Create a model response". */
export function readRequest(body: JsonObject): NeutralRequest {
  const offered = body['tools'] == null ? undefined : offeredTools(body['tools'], ({ type }) => type === 'function');
  const wished = [...WISHED.filter((name) => body[name] !== undefined && body[name] !== null), ...(offered?.left ?? [])];
  const needed = Object.keys(body).filter((name) => {
    const value = body[name];
    // not to run in the background is what every dialect does
    if (value === null || (name === 'background' && value === false)) return false;
    return !SAID.has(name) && !(WISHED as readonly string[]).includes(name) && !SHARED.includes(name);
  });
  const instructions = optional(body['instructions'], 'instructions', isString, 'a string');
  const messages = readInput(body['input']);
  if (instructions !== undefined) messages.unshift({ role: 'system', parts: [{ type: 'text', text: instructions }] });
  const topLogprobs = optional(body['top_logprobs'], 'top_logprobs', isNumber, 'a number');
  const wantsLogprobs = asList(body['include']).includes(LOGPROBS);
  // to store nothing is what every other dialect does
  const { store, ...others } = body;
  const shared = store === false ? others : body;
  return defined({
    messages,
    tools: offered?.functions.map(({ tool, at }) => readTool(tool, at)),
    toolChoice: readToolChoice(body['tool_choice']),
    parallelToolCalls: optional(body['parallel_tool_calls'], 'parallel_tool_calls', isBoolean, 'true or false'),
    maxTokens: optional(body['max_output_tokens'], 'max_output_tokens', isNumber, 'a number'),
    temperature: optional(body['temperature'], 'temperature', isNumber, 'a number'),
    topP: optional(body['top_p'], 'top_p', isNumber, 'a number'),
    logprobs: topLogprobs ?? (wantsLogprobs ? 0 : undefined),
    format: readFormat(member(body['text'], 'format')),
    reasoning: readEffort(body['reasoning']),
    serviceTier: optional(body['service_tier'], 'service_tier', isString, 'a string'),
    user: optional(body['user'], 'user', isString, 'a string'),
    ...readOpenAiFields({ ...shared, verbosity: member(body['text'], 'verbosity') }),
    only: needed.length + wished.length === 0 ? undefined : { needed, wished },
  });
}

function readEffort(value: Json): ReasoningWish | undefined {
  if (value === undefined || value === null) return undefined;
  const reasoning = needObject(value, 'reasoning');
  const effort = optional(reasoning['effort'], 'reasoning.effort', isString, 'a string');
  if (effort !== undefined && !EFFORTS.includes(effort as Effort)) wrongField('reasoning.effort', `one of ${EFFORTS.join(', ')}`);
  const summary = reasoning['summary'] ?? reasoning['generate_summary'];
  return defined({ effort: effort as Effort | undefined, show: summary == null ? undefined : true });
}

/** Items as messages: what the model said in several items is one turn of it, and so are the results of tools. */
function readInput(input: Json): Message[] {
  if (isString(input)) return [{ role: 'user', parts: [{ type: 'text', text: input }] }];
  const messages: Message[] = [];
  for (const [n, value] of needList(input, 'input').entries()) {
    const item = needObject(value, `input[${n}]`);
    if (typeof item['type'] === 'string' && OF_OWN_TOOLS.has(item['type'])) continue;
    const message = readItem(item, `input[${n}]`);
    const last = messages.at(-1);
    const joins = last?.role === message.role && (message.role === 'assistant' || message.parts[0]?.type === 'tool_result');
    if (last !== undefined && joins) messages[messages.length - 1] = { ...last, parts: [...last.parts, ...message.parts] };
    else messages.push(message);
  }
  return messages;
}

function readItem(item: JsonObject, at: string): Message {
  switch (item['type'] ?? 'message') {
    case 'message': {
      const role = item['role'];
      if (role !== 'user' && role !== 'assistant' && role !== 'system' && role !== 'developer')
        return wrongField(`${at}.role`, 'user, assistant, system or developer');
      return { role, parts: readContent(item['content'], `${at}.content`) };
    }
    case 'function_call':
      return {
        role: 'assistant',
        parts: [
          {
            type: 'tool_call',
            id: needString(item['call_id'], `${at}.call_id`),
            name: needString(item['name'], `${at}.name`),
            arguments: needString(item['arguments'], `${at}.arguments`),
          },
        ],
      };
    case 'function_call_output': {
      const output = item['output'];
      const parts = readContent(output, `${at}.output`);
      return { role: 'user', parts: [{ type: 'tool_result', callId: needString(item['call_id'], `${at}.call_id`), parts }] };
    }
    case 'reasoning':
      return { role: 'assistant', parts: readReasoning(item) };
    default:
      return wrongField(
        `${at}.type`,
        'message, function_call, function_call_output or reasoning, for a model whose provider speaks another dialect',
      );
  }
}

function readContent(content: Json, at: string): Part[] {
  if (isString(content)) return [{ type: 'text', text: content }];
  return needList(content, at).flatMap((value, n): Part[] => {
    const where = `${at}[${n}]`;
    const part = needObject(value, where);
    switch (part['type']) {
      case 'input_text':
        return [{ type: 'text', text: needString(part['text'], `${where}.text`) }];
      case 'output_text':
      case 'refusal':
        return readOutputPart(part);
      case 'input_image': {
        const detail = asString(part['detail']);
        const id = asString(part['file_id']);
        const source: MediaSource =
          id === undefined ? sourceOf(needString(part['image_url'], `${where}.image_url`)) : { kind: 'id', id };
        return [{ type: 'image', source, ...(detail === undefined || detail === 'auto' ? {} : { detail }) }];
      }
      case 'input_audio': {
        const audio = needObject(part['input_audio'], `${where}.input_audio`);
        const data = needString(audio['data'], `${where}.input_audio.data`);
        return [{ type: 'audio', source: { kind: 'base64', mediaType: `audio/${asString(audio['format']) ?? 'wav'}`, data } }];
      }
      case 'input_file': {
        const name = asString(part['filename']);
        return [{ type: 'file', source: readFile(part, where), ...(name === undefined ? {} : { name }) }];
      }
      default:
        return wrongField(`${where}.type`, 'input_text, input_image, input_file, input_audio, output_text or refusal');
    }
  });
}

function readFile(part: JsonObject, at: string): MediaSource {
  const id = asString(part['file_id']);
  if (id !== undefined) return { kind: 'id', id };
  const url = asString(part['file_url']);
  if (url !== undefined) return sourceOf(url);
  const data = needString(part['file_data'], `${at}.file_data`);
  const taken = dataUrl(data);
  return { kind: 'base64', ...(taken ?? { mediaType: 'application/pdf', data }) };
}

function sourceOf(url: string): MediaSource {
  const data = dataUrl(url);
  return data === undefined ? { kind: 'url', url } : { kind: 'base64', ...data };
}

function readTool(tool: JsonObject, at: string): Tool {
  return defined({
    name: needString(tool['name'], `${at}.name`),
    description: asString(tool['description']),
    schema: isObject(tool['parameters']) ? tool['parameters'] : { type: 'object', properties: {} },
    strict: tool['strict'] === true ? true : undefined,
  });
}

function readToolChoice(value: Json): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === 'auto' || value === 'none' || value === 'required') return value;
  const name = member(value, 'type') === 'function' ? asString(member(value, 'name')) : undefined;
  return name === undefined ? wrongField('tool_choice', 'auto, none, required or a function') : { name };
}

function readFormat(value: Json): ResponseFormat | undefined {
  if (value === undefined || value === null) return undefined;
  const format = needObject(value, 'text.format');
  switch (format['type']) {
    case 'text':
      return undefined;
    case 'json_object':
      return { type: 'json' };
    case 'json_schema':
      return defined({
        type: 'schema' as const,
        name: asString(format['name']),
        description: asString(format['description']),
        schema: needObject(format['schema'], 'text.format.schema'),
        strict: isBoolean(format['strict']) ? format['strict'] : undefined,
      });
    default:
      return wrongField('text.format.type', 'text, json_object or json_schema');
  }
}
