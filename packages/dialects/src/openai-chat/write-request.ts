import type { ChatCompletionCreateParamsBase } from 'openai/resources/chat/completions/completions';
import type { WrittenRequest } from '../dialect.ts';
import { effortOf } from '../neutral/effort.ts';
import { cannotSay, defined, type JsonObject } from '../neutral/read-json.ts';
import type { MediaSource, Message, NeutralRequest, Part, Tool, ToolResult } from '../neutral/request.ts';
import { unseal } from '../neutral/sealed.ts';
import { reasoningMembers, writeToolCall } from './write-parts.ts';

const PROVIDER = 'OpenAI chat completions';

export function writeRequest(request: NeutralRequest, model: string, stream: boolean): WrittenRequest {
  const { only, format, reasoning, toolChoice } = request;
  const [refused] = only?.needed ?? [];
  if (refused !== undefined) cannotSay(refused, PROVIDER);
  const dropped = [...(only?.wished ?? [])];
  if (request.topK !== undefined) dropped.push('top_k');
  const body = defined({
    model,
    messages: request.messages.flatMap(writeMessage),
    tools: request.tools?.map(writeTool),
    tool_choice: typeof toolChoice === 'object' ? { type: 'function', function: { name: toolChoice.name } } : toolChoice,
    parallel_tool_calls: request.parallelToolCalls,
    max_completion_tokens: request.maxTokens,
    temperature: request.temperature,
    top_p: request.topP,
    stop: request.stop,
    presence_penalty: request.presencePenalty,
    frequency_penalty: request.frequencyPenalty,
    seed: request.seed,
    logprobs: request.logprobs === undefined ? undefined : true,
    top_logprobs: request.logprobs,
    n: request.choices,
    response_format:
      format === undefined
        ? undefined
        : format.type === 'json'
          ? { type: 'json_object' }
          : {
              type: 'json_schema',
              json_schema: defined({
                name: format.name ?? 'answer',
                description: format.description,
                schema: format.schema,
                strict: format.strict,
              }),
            },
    reasoning_effort: reasoning === undefined ? undefined : effortOf(reasoning),
    ...request.openAi,
    service_tier: request.serviceTier,
    user: request.user,
    stream: stream ? true : undefined,
    stream_options: stream ? { include_usage: true } : undefined,
  }) satisfies Partial<Record<keyof ChatCompletionCreateParamsBase, unknown>>;
  return { body, dropped };
}

function writeTool(tool: Tool): JsonObject {
  const { name, description, schema, strict } = tool;
  return { type: 'function', function: defined({ name, description, parameters: schema, strict }) };
}

function writeMessage(message: Message): JsonObject[] {
  if (message.role === 'assistant') return [writeAssistant(message.parts)];
  // results of tools are messages of their own, before what the user says with them
  const results = message.parts.filter((part) => part.type === 'tool_result');
  const others = message.parts.filter((part) => part.type !== 'tool_result');
  const written: JsonObject[] = results.map((result) => ({
    role: 'tool',
    tool_call_id: result.callId,
    content: resultText(result),
  }));
  // a result's pictures have no place in it here: they come with the user's next words
  const media = results.flatMap((result) => result.parts.filter((part) => part.type !== 'text'));
  const content = [...media, ...others];
  if (content.length > 0) written.push({ role: message.role, content: writeContent(content) });
  return written;
}

/** Everything textual of a result. That it is an error has no field here, so the text says it. */
function resultText(result: ToolResult): string {
  const text = result.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  return result.isError === true ? `Error: ${text}` : text;
}

/** What another dialect's provider signed or encrypted is of no use to this one. */
const withoutSeals = (part: Part): Part[] => {
  if (part.type === 'reasoning') {
    const { encrypted, signature, ...thought } = part;
    if (encrypted !== undefined) return unseal('openai-chat', encrypted) === undefined ? [] : [part];
    return [signature !== undefined && unseal('openai-chat', signature) === undefined ? thought : part];
  }
  if (part.type !== 'tool_call' || part.signature === undefined) return [part];
  const { signature, ...call } = part;
  // Google's models sign calls in this dialect too, with the same signature
  const opened = unseal('gemini', signature);
  return [opened === undefined ? call : { ...call, signature: opened }];
};

function writeAssistant(said: readonly Part[]): JsonObject {
  const parts = said.flatMap(withoutSeals);
  const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const refusal = parts.map((part) => (part.type === 'refusal' ? part.text : '')).join('');
  const calls = parts.filter((part) => part.type === 'tool_call');
  return defined({
    role: 'assistant',
    content: text === '' && (calls.length > 0 || refusal !== '') ? null : text,
    refusal: refusal === '' ? undefined : refusal,
    ...reasoningMembers(parts),
    tool_calls: calls.length === 0 ? undefined : calls.map((call) => writeToolCall(call)),
  });
}

function writeContent(parts: readonly Part[]): string | JsonObject[] {
  const [only] = parts;
  if (parts.length === 1 && only?.type === 'text' && only.cache === undefined) return only.text;
  return parts.map((part): JsonObject => {
    switch (part.type) {
      case 'text':
        return { type: 'text', text: part.text };
      case 'image':
        return { type: 'image_url', image_url: defined({ url: urlOf(part.source, 'image'), detail: part.detail }) };
      case 'audio': {
        if (part.source.kind !== 'base64') return cannotSay('audio by address', PROVIDER);
        return {
          type: 'input_audio',
          input_audio: { data: part.source.data, format: part.source.mediaType.replace(/^audio\//, '') },
        };
      }
      case 'file': {
        const { source, name } = part;
        if (source.kind === 'id') return { type: 'file', file: { file_id: source.id } };
        if (source.kind === 'url') return cannotSay('a file by address', PROVIDER);
        return {
          type: 'file',
          file: { filename: name ?? 'file', file_data: `data:${source.mediaType};base64,${source.data}` },
        };
      }
      default:
        return cannotSay(`a part of type ${part.type} in a user's message`, PROVIDER);
    }
  });
}

function urlOf(source: MediaSource, what: string): string {
  if (source.kind === 'url') return source.url;
  if (source.kind === 'base64') return `data:${source.mediaType};base64,${source.data}`;
  return cannotSay(`${what} by file id`, PROVIDER);
}
