import { freeText } from '../neutral/free-text.ts';
import { type JsonObject, unsupportedParam } from '../neutral/read-json.ts';
import type { MediaSource, Message, Part, ToolCall, ToolResult } from '../neutral/request.ts';
import { untagSignature } from '../neutral/sealed.ts';

const PROVIDER = 'OpenAI responses';

/** Writes a conversation as items. The outputs of custom calls have their own type. */
export function writeInput(messages: readonly Message[]): JsonObject[] {
  const custom = new Set<string>();
  for (const { parts } of messages) {
    for (const part of parts) if (part.type === 'tool_call' && part.form === 'custom') custom.add(part.id);
  }
  return messages.flatMap((message) => writeMessage(message, custom));
}

/** Writes a message as items: calls, results and reasoning are separate items. */
function writeMessage({ role, parts }: Message, custom: ReadonlySet<string>): JsonObject[] {
  const items: JsonObject[] = [];
  let content: JsonObject[] = [];
  const flush = (): void => {
    if (content.length > 0) items.push({ type: 'message', role, content });
    content = [];
  };
  for (const part of parts) {
    // OpenAI refuses a message without content
    if (part.type === 'text' && part.text === '') continue;
    const item = writeItem(part, custom);
    if (item === undefined) {
      content.push(role === 'assistant' ? writeOutputPart(part) : writeInputPart(part));
      continue;
    }
    flush();
    items.push(...item);
  }
  flush();
  return items;
}

function writeItem(part: Part, custom: ReadonlySet<string>): JsonObject[] | undefined {
  switch (part.type) {
    case 'tool_call':
      return [writeCall(part)];
    case 'tool_result': {
      const type = custom.has(part.callId) ? 'custom_tool_call_output' : 'function_call_output';
      return [{ type, call_id: part.callId, output: writeResult(part) }];
    }
    case 'reasoning': {
      const sealed = part.encrypted ?? part.signature;
      const encrypted = sealed === undefined ? undefined : untagSignature('openai-responses', sealed);
      // OpenAI refuses reasoning without its encrypted form
      if (encrypted === undefined) return [];
      const summary = part.text === '' ? [] : [{ type: 'summary_text', text: part.text }];
      return [{ type: 'reasoning', summary, encrypted_content: encrypted }];
    }
    default:
      return undefined;
  }
}

function writeCall({ id, name, arguments: text, form }: ToolCall): JsonObject {
  if (form === 'custom') return { type: 'custom_tool_call', call_id: id, name, input: freeText(text) };
  return { type: 'function_call', call_id: id, name, arguments: text };
}

/** Writes a result. This dialect has no error field, so an error is marked in the text. */
function writeResult({ parts, isError }: ToolResult): string | JsonObject[] {
  if (parts.every((part) => part.type === 'text')) {
    const text = parts.map(({ text }) => text).join('');
    return isError === true ? `Error: ${text}` : text;
  }
  const written = parts.map(writeInputPart);
  return isError === true ? [{ type: 'input_text', text: 'Error:' }, ...written] : written;
}

function writeOutputPart(part: Part): JsonObject {
  if (part.type === 'text') return { type: 'output_text', text: part.text, annotations: [] };
  if (part.type === 'refusal') return { type: 'refusal', refusal: part.text };
  return unsupportedParam(`a part of type ${part.type} in an assistant's message`, PROVIDER);
}

function writeInputPart(part: Part): JsonObject {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return { type: 'input_text', text: part.text };
    case 'image': {
      const { source, detail } = part;
      const where = source.kind === 'id' ? { file_id: source.id } : { image_url: urlOf(source) };
      return { type: 'input_image', detail: detail ?? 'auto', ...where };
    }
    case 'file': {
      const { source, name } = part;
      if (source.kind === 'id') return { type: 'input_file', file_id: source.id };
      if (source.kind === 'url') return { type: 'input_file', file_url: source.url };
      return { type: 'input_file', filename: name ?? 'file', file_data: urlOf(source) };
    }
    case 'audio':
      return unsupportedParam('input_audio', PROVIDER);
    default:
      return unsupportedParam(`a part of type ${part.type} in a user's message`, PROVIDER);
  }
}

const urlOf = (source: Exclude<MediaSource, { kind: 'id' }>): string =>
  source.kind === 'url' ? source.url : `data:${source.mediaType};base64,${source.data}`;
