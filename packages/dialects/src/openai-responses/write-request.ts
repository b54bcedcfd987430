import type { ResponseCreateParamsBase } from 'openai/resources/responses/responses';
import type { WrittenRequest } from '../dialect.ts';
import { effortOf } from '../neutral/effort.ts';
import { cannotSay, defined, type JsonObject } from '../neutral/read-json.ts';
import type {
  MediaSource,
  Message,
  NeutralRequest,
  Part,
  ReasoningWish,
  ResponseFormat,
  Tool,
  ToolResult,
} from '../neutral/request.ts';
import { unseal } from '../neutral/sealed.ts';

const PROVIDER = 'OpenAI responses';

/**
 * Writes a request. Stop sequences have no field here: the gateway ends the text itself (`stop-cutter.ts`). Nothing is stored at the provider: its
 * reasoning comes back encrypted, and the caller returns it in the next turn.
 */
export function writeRequest(request: NeutralRequest, model: string, stream: boolean): WrittenRequest {
  const { only, format, reasoning, toolChoice, openAi = {} } = request;
  const { verbosity, ...shared } = openAi;
  const [refused] = only?.needed ?? [];
  if (refused !== undefined) cannotSay(refused, PROVIDER);
  if ((request.choices ?? 1) > 1) cannotSay('n', PROVIDER);
  const dropped = [...(only?.wished ?? [])];
  for (const [name, value] of [
    ['top_k', request.topK],
    ['seed', request.seed],
    ['presence_penalty', request.presencePenalty],
    ['frequency_penalty', request.frequencyPenalty],
  ] as const) {
    if (value !== undefined) dropped.push(name);
  }
  const hasTools = (request.tools?.length ?? 0) > 0;
  const include = [
    ...(reasoning === undefined ? [] : ['reasoning.encrypted_content']),
    ...(request.logprobs === undefined ? [] : ['message.output_text.logprobs']),
  ];
  const body = defined({
    model,
    input: request.messages.flatMap(writeMessage),
    tools: hasTools ? request.tools?.map(writeTool) : undefined,
    // both are refused without tools
    tool_choice: !hasTools
      ? undefined
      : typeof toolChoice === 'object'
        ? { type: 'function', name: toolChoice.name }
        : toolChoice,
    parallel_tool_calls: hasTools ? request.parallelToolCalls : undefined,
    max_output_tokens: request.maxTokens,
    temperature: request.temperature,
    top_p: request.topP,
    top_logprobs: request.logprobs,
    text: writeText(format, verbosity),
    reasoning: reasoning === undefined ? undefined : writeReasoning(reasoning),
    include: include.length === 0 ? undefined : include,
    store: false,
    ...shared,
    service_tier: request.serviceTier,
    user: request.user,
    stream: stream ? true : undefined,
  }) satisfies Partial<Record<keyof ResponseCreateParamsBase, unknown>>;
  return { body, dropped };
}

function writeText(format: ResponseFormat | undefined, verbosity: unknown): JsonObject | undefined {
  if (format === undefined && verbosity === undefined) return undefined;
  return defined({ format: format === undefined ? undefined : writeFormat(format), verbosity });
}

function writeReasoning(wish: ReasoningWish): JsonObject {
  return defined({ effort: effortOf(wish), summary: wish.show === true ? 'auto' : undefined });
}

function writeTool({ name, description, schema, strict }: Tool): JsonObject {
  return defined({ type: 'function', name, description, parameters: schema, strict: strict ?? false });
}

function writeFormat(format: ResponseFormat): JsonObject {
  if (format.type === 'json') return { type: 'json_object' };
  const { name, description, schema, strict } = format;
  return defined({ type: 'json_schema', name: name ?? 'answer', description, schema, strict });
}

/** A message as items: calls, their results and thoughts are items of their own. */
function writeMessage({ role, parts }: Message): JsonObject[] {
  const items: JsonObject[] = [];
  let content: JsonObject[] = [];
  const flush = (): void => {
    if (content.length > 0) items.push({ type: 'message', role, content });
    content = [];
  };
  for (const part of parts) {
    // a message without content is refused
    if (part.type === 'text' && part.text === '') continue;
    const item = writeItem(part);
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

function writeItem(part: Part): JsonObject[] | undefined {
  switch (part.type) {
    case 'tool_call':
      return [{ type: 'function_call', call_id: part.id, name: part.name, arguments: part.arguments }];
    case 'tool_result':
      return [{ type: 'function_call_output', call_id: part.callId, output: writeResult(part) }];
    case 'reasoning': {
      const sealed = part.encrypted ?? part.signature;
      const encrypted = sealed === undefined ? undefined : unseal('openai-responses', sealed);
      // a thought without its encrypted form is not taken back
      if (encrypted === undefined) return [];
      const summary = part.text === '' ? [] : [{ type: 'summary_text', text: part.text }];
      return [{ type: 'reasoning', summary, encrypted_content: encrypted }];
    }
    default:
      return undefined;
  }
}

/** That a result is an error has no field here, so the text says it. */
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
  return cannotSay(`a part of type ${part.type} in an assistant's message`, PROVIDER);
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
      return cannotSay('input_audio', PROVIDER);
    default:
      return cannotSay(`a part of type ${part.type} in a user's message`, PROVIDER);
  }
}

const urlOf = (source: Exclude<MediaSource, { kind: 'id' }>): string =>
  source.kind === 'url' ? source.url : `data:${source.mediaType};base64,${source.data}`;
