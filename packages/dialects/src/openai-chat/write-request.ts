import { defined } from '@sluice/core';
import type { ChatCompletionCreateParamsBase } from 'openai/resources/chat/completions/completions';
import type { WrittenRequest } from '../dialect.ts';
import { budgetOf, effortOf } from '../neutral/effort.ts';
import { type JsonObject, unsupportedParam } from '../neutral/read-json.ts';
import type { NeutralRequest, ReasoningOptions, ResponseFormat, Tool } from '../neutral/request.ts';
import { writeMessages } from './write-messages.ts';

const PROVIDER = 'OpenAI chat completions';

export function writeRequest(request: NeutralRequest, model: string, stream: boolean): WrittenRequest {
  const { only, format, reasoning } = request;
  const [refused] = only?.needed ?? [];
  if (refused !== undefined) unsupportedParam(refused, PROVIDER);
  const dropped = [...(only?.droppable ?? [])];
  const hasTools = (request.tools?.length ?? 0) > 0;
  if (request.topK !== undefined) dropped.push('top_k');
  const body = defined({
    model,
    messages: writeMessages(request.messages, request),
    tools: hasTools ? request.tools?.map(writeTool) : undefined,
    // OpenAI refuses both without tools
    tool_choice: hasTools ? writeChoice(request) : undefined,
    parallel_tool_calls: hasTools ? request.parallelToolCalls : undefined,
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
    response_format: format === undefined ? undefined : writeFormat(format),
    ...(reasoning === undefined ? {} : writeReasoning(reasoning)),
    ...request.openAi,
    service_tier: request.serviceTier,
    user: request.user,
    stream: stream ? true : undefined,
    stream_options: stream ? { include_usage: true } : undefined,
  }) satisfies Partial<Record<keyof ChatCompletionCreateParamsBase, unknown>>;
  return { body, dropped };
}

/** Writes OpenAI's effort, or the equivalent of another provider of this dialect. */
function writeReasoning(setting: ReasoningOptions): JsonObject {
  const effort = effortOf(setting);
  switch (setting.form) {
    case 'thinking':
      return { thinking: { type: effort === 'none' ? 'disabled' : 'enabled' } };
    // MiniMax always reasons; this setting separates the reasoning from the content
    case 'split':
      return { reasoning_split: true };
    case 'switch':
      return defined({
        enable_thinking: effort !== 'none',
        thinking_budget: effort === undefined || effort === 'none' ? undefined : budgetOf(setting),
      });
    default:
      return defined({ reasoning_effort: effort });
  }
}

function writeFormat(format: ResponseFormat): JsonObject {
  if (format.type === 'json') return { type: 'json_object' };
  const { name, description, schema, strict } = format;
  return { type: 'json_schema', json_schema: defined({ name: name ?? 'answer', description, schema, strict }) };
}

function writeChoice({ tools = [], toolChoice: choice }: NeutralRequest): JsonObject | string | undefined {
  if (typeof choice !== 'object') return choice;
  const type = tools.find(({ name }) => name === choice.name)?.form === 'custom' ? 'custom' : 'function';
  return { type, [type]: { name: choice.name } };
}

function writeTool(tool: Tool): JsonObject {
  const { name, description, schema, strict, form, format } = tool;
  if (form === 'custom')
    return {
      type: 'custom',
      custom: defined({ name, description, format: format === undefined ? undefined : writeGrammar(format) }),
    };
  return { type: 'function', function: defined({ name, description, parameters: schema, strict }) };
}

/** Writes a grammar, which chat completions nest in its own object. */
function writeGrammar({ type, ...grammar }: JsonObject): JsonObject {
  return type === 'grammar' ? { type, grammar } : { type, ...grammar };
}
