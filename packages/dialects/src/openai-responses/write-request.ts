import { defined } from '@sluice/core';
import type { ResponseCreateParamsBase } from 'openai/resources/responses/responses';
import type { WrittenRequest } from '../dialect.ts';
import { effortOf } from '../neutral/effort.ts';
import { type JsonObject, unsupportedParam } from '../neutral/read-json.ts';
import type { NeutralRequest, ReasoningOptions, ResponseFormat, Tool } from '../neutral/request.ts';
import { writeInput } from './write-input.ts';

const PROVIDER = 'OpenAI responses';

/**
 * Writes a request. This format has no stop sequences, so the gateway ends the text itself (`stop-cutter.ts`). Nothing is
 * stored at the provider: its reasoning is returned encrypted, and the client sends it back in the next turn.
 */
export function writeRequest(request: NeutralRequest, model: string, stream: boolean): WrittenRequest {
  const { only, format, reasoning, openAi = {} } = request;
  const { verbosity, ...shared } = openAi;
  const [refused] = only?.needed ?? [];
  if (refused !== undefined) unsupportedParam(refused, PROVIDER);
  if ((request.choices ?? 1) > 1) unsupportedParam('n', PROVIDER);
  const dropped = [...(only?.droppable ?? [])];
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
    input: writeInput(request.messages),
    tools: hasTools ? request.tools?.map(writeTool) : undefined,
    // OpenAI refuses both without tools
    tool_choice: hasTools ? writeChoice(request) : undefined,
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

function writeReasoning(setting: ReasoningOptions): JsonObject {
  return defined({ effort: effortOf(setting), summary: setting.show === true ? 'auto' : undefined });
}

function writeChoice({ tools = [], toolChoice }: NeutralRequest): JsonObject | string | undefined {
  if (typeof toolChoice !== 'object') return toolChoice;
  const chosen = tools.find(({ name }) => name === toolChoice.name);
  return { type: chosen?.form === 'custom' ? 'custom' : 'function', name: toolChoice.name };
}

function writeTool({ name, description, schema, strict, form, format }: Tool): JsonObject {
  if (form === 'custom') return defined({ type: 'custom', name, description, format });
  return defined({ type: 'function', name, description, parameters: schema, strict: strict ?? false });
}

function writeFormat(format: ResponseFormat): JsonObject {
  if (format.type === 'json') return { type: 'json_object' };
  const { name, description, schema, strict } = format;
  return defined({ type: 'json_schema', name: name ?? 'answer', description, schema, strict });
}
