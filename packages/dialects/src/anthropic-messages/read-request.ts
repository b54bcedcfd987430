import { defined, LlmError } from '@sluice/core';
import { readCacheMark } from '../neutral/cache-mark.ts';
import { knownEffort } from '../neutral/effort.ts';
import { offeredTools } from '../neutral/own-tools.ts';
import {
  asString,
  isBoolean,
  isNumber,
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
import type { Message, NeutralRequest, Part, ReasoningOptions, ResponseFormat, Tool, ToolChoice } from '../neutral/request.ts';
import { type FieldTable, stated, unrepresentedFields } from '../neutral/stated.ts';
import { clientTool } from './client-tools.ts';
import { readContent, readMessage } from './read-messages.ts';

const FIELDS: FieldTable = {
  represented: new Set([
    'model',
    'messages',
    'system',
    'max_tokens',
    'stream',
    'stop_sequences',
    'temperature',
    'top_p',
    'top_k',
    'tools',
    'tool_choice',
    'thinking',
    'output_config',
    'output_format',
    'metadata',
    'service_tier',
  ]),
  refused: new Set(['container', 'mcp_servers']),
};

/**
 * Claude Code's first system block. It serves Anthropic's billing, and its hash defeats the prompt cache of every other
 * provider.
 */
const BILLING = /^x-anthropic-billing-header:[^\n]*\n?/;

/** Source: Anthropic's API reference, "Messages". */
export function readRequest(given: JsonObject): NeutralRequest {
  const body = stated(given, ['model', 'messages']);
  if (body['thread'] !== undefined) refuseThread();
  const isOwn = (tool: JsonObject): boolean => (tool['type'] ?? 'custom') === 'custom' || clientTool(tool) !== undefined;
  const offered = body['tools'] == null ? undefined : offeredTools(body['tools'], isOwn);
  const { needed, droppable } = unrepresentedFields(Object.keys(body), FIELDS);
  const dropped = [...droppable, ...(offered?.left ?? [])];
  const messages: Message[] = needList(body['messages'], 'messages').map(readMessage);
  const system = body['system'] === undefined ? [] : withoutBilling(readContent(body['system'], 'system'));
  if (system.length > 0) messages.unshift({ role: 'system', parts: system });
  const number = (name: string) => optional(body[name], name, isNumber, 'a number');
  return defined({
    messages,
    maxTokens: number('max_tokens'),
    temperature: number('temperature'),
    topP: number('top_p'),
    topK: number('top_k'),
    stop: readStop(body['stop_sequences']),
    tools: offered?.functions.map(({ tool, at }) => clientTool(tool) ?? readTool(tool, at)),
    ...readToolChoice(body['tool_choice']),
    reasoning: readThinking(body['thinking'], member(body['output_config'], 'effort')),
    format: readFormat(member(body['output_config'], 'format') ?? body['output_format']),
    user: asString(member(body['metadata'], 'user_id')),
    serviceTier: readTier(body['service_tier']),
    only: needed.length + dropped.length === 0 ? undefined : { needed, droppable: dropped },
  });
}

const readStop = (stop: Json): readonly string[] | undefined =>
  stop === undefined ? undefined : needList(stop, 'stop_sequences').map((one) => needString(one, 'stop_sequences'));

function withoutBilling(parts: readonly Part[]): Part[] {
  return parts
    .map((part) => (part.type === 'text' ? { ...part, text: part.text.replace(BILLING, '') } : part))
    .filter((part) => part.type !== 'text' || part.text !== '');
}

/**
 * Refuses a thread, which exists in one Anthropic account. The official SDKs send one by default and continue without it after
 * this error. Source: Anthropic's SDK for TypeScript 1.12, lib/internal/threads.
 */
function refuseThread(): never {
  throw new LlmError('invalid_request', "'thread' is not supported for this model's provider. Send the whole conversation.", {
    param: 'thread',
    details: { error_code: 'thread_unsupported_request', unsupported: [] },
  });
}

/** Reads the service tier; `standard_only` is OpenAI's `default`. */
function readTier(value: Json): string | undefined {
  const tier = optional(value, 'service_tier', isString, 'a string');
  return tier === 'standard_only' ? 'default' : tier;
}

function readThinking(thinking: Json, effort: Json): ReasoningOptions | undefined {
  const known = knownEffort(effort);
  if (thinking === undefined || thinking === null) return known === undefined ? undefined : { effort: known };
  switch (member(thinking, 'type')) {
    case 'disabled':
      return { effort: 'none' };
    case 'adaptive':
    case 'between_tools':
      return defined({ effort: known, show: true });
    case 'enabled': {
      const budgetTokens = optional(member(thinking, 'budget_tokens'), 'thinking.budget_tokens', isNumber, 'a number');
      return defined({ effort: known, show: true, budgetTokens });
    }
    default:
      return wrongField('thinking.type', 'enabled, adaptive or disabled');
  }
}

function readFormat(value: Json): ResponseFormat | undefined {
  if (value === undefined || value === null) return undefined;
  if (member(value, 'type') !== 'json_schema') return wrongField('output_config.format.type', 'json_schema');
  return { type: 'schema', schema: needObject(member(value, 'schema'), 'output_config.format.schema') };
}

function readToolChoice(value: Json): { toolChoice?: ToolChoice; parallelToolCalls?: boolean } {
  if (value === undefined || value === null) return {};
  const choice = needObject(value, 'tool_choice');
  const one = choice['disable_parallel_tool_use'];
  const parallel = isBoolean(one) ? { parallelToolCalls: !one } : {};
  switch (choice['type']) {
    case 'auto':
    case 'none':
      return { toolChoice: choice['type'], ...parallel };
    case 'any':
      return { toolChoice: 'required', ...parallel };
    case 'tool':
      return { toolChoice: { name: needString(choice['name'], 'tool_choice.name') }, ...parallel };
    default:
      return wrongField('tool_choice.type', 'auto, any, tool or none');
  }
}

function readTool(tool: JsonObject, at: string): Tool {
  return defined({
    name: needString(tool['name'], `${at}.name`),
    description: asString(tool['description']),
    schema: needObject(tool['input_schema'], `${at}.input_schema`),
    strict: isBoolean(tool['strict']) ? tool['strict'] : undefined,
    ...readCacheMark(tool),
  });
}
