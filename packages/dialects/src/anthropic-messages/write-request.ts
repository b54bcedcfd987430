import type { MessageCreateParamsBase } from '@anthropic-ai/sdk/resources/messages/messages';
import { defined } from '@sluice/core';
import type { WrittenRequest } from '../dialect.ts';
import { JSON_SENTENCE } from '../neutral/json-sentence.ts';
import { droppedParams } from '../neutral/openai-fields.ts';
import { type JsonObject, unsupportedParam } from '../neutral/read-json.ts';
import type { NeutralRequest, Tool } from '../neutral/request.ts';
import { markOf, writeMessages } from './write-messages.ts';
import { writeThinking } from './write-thinking.ts';

const PROVIDER = 'Anthropic messages';

export function writeRequest(request: NeutralRequest, model: string, stream: boolean): WrittenRequest {
  const { only, format } = request;
  const [refused] = only?.needed ?? [];
  if (refused !== undefined) unsupportedParam(refused, PROVIDER);
  if ((request.choices ?? 1) > 1) unsupportedParam('n', PROVIDER);
  if (request.logprobs !== undefined) unsupportedParam('logprobs', PROVIDER);
  const dropped = droppedParams(request);
  for (const [name, value] of [
    ['seed', request.seed],
    ['presence_penalty', request.presencePenalty],
    ['frequency_penalty', request.frequencyPenalty],
  ] as const) {
    if (value !== undefined) dropped.push(name);
  }

  const { system, messages } = writeMessages(request.messages);
  if (format?.type === 'json') {
    system.push({ type: 'text', text: JSON_SENTENCE });
    dropped.push('response_format');
  }
  const { thinking, effort, maxTokens, thinks } = writeThinking(request, dropped);
  // a reasoning model accepts only its default temperature
  if (thinks && request.temperature !== undefined && request.temperature !== 1) dropped.push('temperature');
  if (thinks && request.topK !== undefined) dropped.push('top_k');
  const config = defined({
    effort,
    format: format?.type === 'schema' ? { type: 'json_schema', schema: format.schema } : undefined,
  });
  const tools = request.tools === undefined || request.tools.length === 0 ? undefined : request.tools.map(writeTool);
  const body = defined({
    model,
    max_tokens: maxTokens,
    system: system.length === 0 ? undefined : system,
    messages,
    tools,
    // Anthropic refuses a choice without tools
    tool_choice: tools === undefined ? undefined : writeChoice(request),
    temperature: thinks ? undefined : writeTemperature(request.temperature, dropped),
    top_p: thinks ? withReasoning(request.topP, dropped) : request.topP,
    top_k: thinks ? undefined : request.topK,
    stop_sequences: request.stop,
    thinking,
    output_config: Object.keys(config).length === 0 ? undefined : config,
    metadata: request.user === undefined ? undefined : { user_id: request.user },
    service_tier: writeTier(request.serviceTier, dropped),
    stream: stream ? (true as const) : undefined,
  }) satisfies Partial<Record<keyof MessageCreateParamsBase | 'temperature' | 'top_p' | 'top_k', unknown>>;
  return { body, dropped };
}

function writeChoice({ toolChoice, parallelToolCalls }: NeutralRequest): JsonObject | undefined {
  const choice =
    toolChoice === undefined
      ? undefined
      : typeof toolChoice === 'object'
        ? { type: 'tool', name: toolChoice.name }
        : { type: toolChoice === 'required' ? 'any' : toolChoice };
  if (parallelToolCalls !== false || toolChoice === 'none') return choice;
  return { ...(choice ?? { type: 'auto' }), disable_parallel_tool_use: true };
}

/** Returns `top_p`, which must be at least 0.95 with reasoning. Source: Anthropic's documentation, "Extended thinking". */
function withReasoning(topP: number | undefined, dropped: string[]): number | undefined {
  if (topP === undefined || topP >= 0.95) return topP;
  dropped.push('top_p');
  return undefined;
}

/** Returns the temperature; other dialects allow up to 2. */
function writeTemperature(temperature: number | undefined, dropped: string[]): number | undefined {
  if (temperature === undefined || temperature <= 1) return temperature;
  dropped.push('temperature');
  return 1;
}

function writeTier(tier: string | undefined, dropped: string[]): string | undefined {
  if (tier === undefined || tier === 'auto') return tier;
  if (tier === 'default') return 'standard_only';
  dropped.push('service_tier');
  return undefined;
}

function writeTool(tool: Tool): JsonObject {
  const { name, description, schema, strict, cache } = tool;
  return defined({ name, description, input_schema: schema, strict: strict === true ? true : undefined, ...markOf(cache) });
}
