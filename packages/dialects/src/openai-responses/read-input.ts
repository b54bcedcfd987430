import {
  asString,
  dataUrl,
  isObject,
  isString,
  type Json,
  type JsonObject,
  needList,
  needObject,
  needString,
  wrongField,
} from '../neutral/read-json.ts';
import type { MediaSource, Message, Part } from '../neutral/request.ts';
import { isOfServer, readClientCall, toolOfOutput } from './client-tools.ts';
import { foundTools, joinedName } from './namespaces.ts';
import { readOutputPart, readReasoning } from './read-items.ts';

/** Items of OpenAI's own tools from an earlier turn. They are omitted, as in a reply: the model's text describes them. */
const OF_OPENAI_ALONE: ReadonlySet<string> = new Set([
  // its tools are read with the others
  'additional_tools',
  'code_interpreter_call',
  'compaction',
  'file_search_call',
  'image_generation_call',
  'mcp_call',
  'mcp_list_tools',
  'web_search_call',
]);

/** Converts items to messages. Adjacent items of the model form one turn, and so do tool results. */
export function readInput(input: Json): Message[] {
  if (isString(input)) return [{ role: 'user', parts: [{ type: 'text', text: input }] }];
  const messages: Message[] = [];
  const items = needList(input, 'input').map((value, n) => needObject(value, `input[${n}]`));
  const ids = idsOfItems(items);
  const ofServer = new Set(items.filter(isOfServer).flatMap((item) => asString(item['call_id']) ?? []));
  for (const [n, item] of items.entries()) {
    if (OF_OPENAI_ALONE.has(String(item['type'])) || isOfServer(item) || ofServer.has(asString(item['call_id']) ?? '')) continue;
    const message = readItem(item, `input[${n}]`, ids);
    const last = messages.at(-1);
    const joins = last?.role === message.role && (message.role === 'assistant' || message.parts[0]?.type === 'tool_result');
    if (last !== undefined && joins) messages[messages.length - 1] = { ...last, parts: [...last.parts, ...message.parts] };
    else messages.push(message);
  }
  return messages;
}

function readItem(item: JsonObject, at: string, ids: CallIdsOfItems): Message {
  switch (item['type'] ?? 'message') {
    case 'message': {
      const role = item['role'];
      if (role !== 'user' && role !== 'assistant' && role !== 'system' && role !== 'developer')
        return wrongField(`${at}.role`, 'user, assistant, system or developer');
      return { role, parts: readContent(item['content'], `${at}.content`) };
    }
    case 'function_call':
      return readCall(item, at, isObject(item['arguments']) ? JSON.stringify(item['arguments']) : item['arguments']);
    case 'function_call_output':
      return readResult(item, at, ids);
    case 'reasoning':
      return { role: 'assistant', parts: readReasoning(item) };
    default:
      return readClientItem(item, at, ids);
  }
}

function readClientItem(item: JsonObject, at: string, ids: CallIdsOfItems): Message {
  if (toolOfOutput(item['type']) !== undefined) return readResult(item, at, ids);
  if (item['type'] === 'custom_tool_call') needString(item['input'], `${at}.input`);
  const call = readClientCall(item);
  if (call !== undefined) return { role: 'assistant', parts: [call] };
  return wrongField(
    `${at}.type`,
    'message, reasoning, or a call or an output of a function, a custom tool, a shell or apply_patch, for a provider of another dialect',
  );
}

/** Ids of calls by the ids of their items: an output of the local shell names the item. */
type CallIdsOfItems = ReadonlyMap<string, string>;

function idsOfItems(items: readonly JsonObject[]): CallIdsOfItems {
  const calls = items.filter(({ type }) => type === 'local_shell_call');
  return new Map(calls.map((item) => [asString(item['id']) ?? '', asString(item['call_id']) ?? '']));
}

function readResult(item: JsonObject, at: string, ids: CallIdsOfItems): Message {
  const { output, call_id: given, id } = item;
  const callId = asString(given) ?? ids.get(asString(id) ?? '') ?? needString(given, `${at}.call_id`);
  return {
    role: 'user',
    parts: [{ type: 'tool_result', callId, parts: readOutputOf(item, `${at}.output`), ...failedOf(item, output) }],
  };
}

/** Reads an output. A shell's output is a list with one entry per command, which the model gets as JSON. */
function readOutputOf({ type, output, tools }: JsonObject, at: string): Part[] {
  if (type === 'tool_search_output') return [{ type: 'text', text: foundTools(tools) }];
  if (output === null || output === undefined) return [];
  return type === 'shell_call_output' ? [{ type: 'text', text: JSON.stringify(output) }] : readContent(output, at);
}

const failedOf = ({ type, status }: JsonObject, output: Json): { isError?: true } =>
  type === 'apply_patch_call_output' && status === 'failed' && output !== undefined ? { isError: true } : {};

function readCall(item: JsonObject, at: string, args: Json): Message {
  const id = needString(item['call_id'], `${at}.call_id`);
  const name = joinedName(item['namespace'], needString(item['name'], `${at}.name`));
  return { role: 'assistant', parts: [{ type: 'tool_call', id, name, arguments: needString(args, `${at}.arguments`) }] };
}

function readContent(content: Json, at: string): Part[] {
  if (isString(content)) return [{ type: 'text', text: content }];
  return needList(content, at).flatMap((value, n): Part[] => {
    const where = `${at}[${n}]`;
    const part = needObject(value, where);
    switch (part['type']) {
      case 'input_text':
      case 'text':
        return [{ type: 'text', text: needString(part['text'], `${where}.text`) }];
      case 'output_text':
      case 'refusal':
        return readOutputPart(part);
      case 'input_image': {
        const detail = asString(part['detail']);
        const id = asString(part['file_id']);
        const source: MediaSource =
          id === undefined ? sourceOf(needString(part['image_url'], `${where}.image_url`)) : { kind: 'id', id };
        return [{ type: 'image', source, detail: detail === 'auto' ? undefined : detail }];
      }
      case 'input_audio': {
        const audio = needObject(part['input_audio'], `${where}.input_audio`);
        const data = needString(audio['data'], `${where}.input_audio.data`);
        return [{ type: 'audio', source: { kind: 'base64', mediaType: `audio/${asString(audio['format']) ?? 'wav'}`, data } }];
      }
      case 'input_file': {
        const name = asString(part['filename']);
        return [{ type: 'file', source: readFile(part, where), name }];
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
