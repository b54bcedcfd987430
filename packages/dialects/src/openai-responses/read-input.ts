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
import { readOutputPart, readReasoning } from './read-items.ts';

/** What OpenAI's own tools did in a turn before is omitted as it is in an answer: what the model said about it is text. */
const OF_OPENAI_ALONE: ReadonlySet<string> = new Set([
  'code_interpreter_call',
  'compaction',
  'file_search_call',
  'image_generation_call',
  'mcp_call',
  'mcp_list_tools',
  'tool_search_call',
  'tool_search_output',
  'web_search_call',
]);

/** Items as messages: what the model said in several items is one turn of it, and so are the results of tools. */
export function readInput(input: Json): Message[] {
  if (isString(input)) return [{ role: 'user', parts: [{ type: 'text', text: input }] }];
  const messages: Message[] = [];
  for (const [n, value] of needList(input, 'input').entries()) {
    const item = needObject(value, `input[${n}]`);
    if (typeof item['type'] === 'string' && OF_OPENAI_ALONE.has(item['type'])) continue;
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
      return readCall(item, at, isObject(item['arguments']) ? JSON.stringify(item['arguments']) : item['arguments']);
    // other dialects have no calls with a free text: it is the only argument
    case 'custom_tool_call':
      return readCall(item, at, JSON.stringify({ input: needString(item['input'], `${at}.input`) }));
    case 'function_call_output':
    case 'custom_tool_call_output': {
      const { output } = item;
      const parts = output === null || output === undefined ? [] : readContent(output, `${at}.output`);
      return { role: 'user', parts: [{ type: 'tool_result', callId: needString(item['call_id'], `${at}.call_id`), parts }] };
    }
    case 'reasoning':
      return { role: 'assistant', parts: readReasoning(item) };
    default:
      return wrongField(
        `${at}.type`,
        'message, function_call, function_call_output, custom_tool_call, custom_tool_call_output or reasoning, for a model whose provider speaks another dialect',
      );
  }
}

function readCall(item: JsonObject, at: string, args: Json): Message {
  const id = needString(item['call_id'], `${at}.call_id`);
  const name = needString(item['name'], `${at}.name`);
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
