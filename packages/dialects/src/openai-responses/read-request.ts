import { defined } from '@sluice/core';
import { EFFORTS, knownEffort } from '../neutral/effort.ts';
import { OPENAI_FIELDS, readOpenAiFields } from '../neutral/openai-fields.ts';
import { offeredTools } from '../neutral/own-tools.ts';
import {
  asList,
  isBoolean,
  isNumber,
  isString,
  type Json,
  type JsonObject,
  member,
  needObject,
  optional,
  wrongField,
} from '../neutral/read-json.ts';
import type { NeutralRequest, ReasoningOptions } from '../neutral/request.ts';
import { type FieldTable, stated, unrepresentedFields } from '../neutral/stated.ts';
import { allowedTools } from '../openai-chat/read-tools.ts';
import { toolsOf } from './namespaces.ts';
import { readInput } from './read-input.ts';
import { isClientTool, readFormat, readTool, readToolChoice } from './read-tools.ts';

const FIELDS: FieldTable = {
  represented: new Set([
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
    ...OPENAI_FIELDS,
  ]),
  refused: new Set(['background', 'conversation', 'image', 'max_tool_calls', 'previous_response_id', 'prompt']),
};

const LOGPROBS = 'message.output_text.logprobs';

/**
 * Returns whether the input contains a compaction of another provider, which only that provider can open. This gateway's own
 * compactions are already messages.
 */
const hasCompaction = (input: Json): boolean => asList(input).some((item) => member(item, 'type') === 'compaction');

/** Source: OpenAI's API reference, "Create a model response". */
export function readRequest(given: JsonObject): NeutralRequest {
  const body = stated(given, ['model', 'input']);
  const tools = toolsOf(body);
  const offered = tools == null ? undefined : offeredTools(tools, isClientTool);
  // every dialect runs in the foreground
  const names = Object.keys(body).filter((name) => !(name === 'background' && body[name] === false));
  const { needed, droppable } = unrepresentedFields(names, FIELDS);
  const dropped = [...droppable, ...(offered?.left ?? []), ...(hasCompaction(body['input']) ? ['input.compaction'] : [])];
  const instructions = optional(body['instructions'], 'instructions', isString, 'a string');
  const messages = readInput(body['input']);
  if (instructions !== undefined) messages.unshift({ role: 'system', parts: [{ type: 'text', text: instructions }] });
  const choice = readToolChoice(body['tool_choice']);
  // no other dialect stores anything
  const { store, ...others } = body;
  const shared = store === false ? others : body;
  const number = (name: string) => optional(body[name], name, isNumber, 'a number');
  return defined({
    messages,
    tools: allowedTools(
      offered?.functions.map(({ tool, at }) => readTool(tool, at)),
      choice,
    ),
    toolChoice: choice.choice,
    parallelToolCalls: optional(body['parallel_tool_calls'], 'parallel_tool_calls', isBoolean, 'true or false'),
    maxTokens: number('max_output_tokens'),
    temperature: number('temperature'),
    topP: number('top_p'),
    logprobs: readLogprobs(body),
    format: readFormat(member(body['text'], 'format')),
    reasoning: readEffort(body['reasoning']),
    serviceTier: optional(body['service_tier'], 'service_tier', isString, 'a string'),
    user: optional(body['user'], 'user', isString, 'a string'),
    ...readOpenAiFields({ ...shared, verbosity: member(body['text'], 'verbosity') }),
    only: needed.length + dropped.length === 0 ? undefined : { needed, droppable: dropped },
  });
}

/**
 * Reads the number of log probabilities. Some clients send `top_logprobs: 0` with each request, which has no effect unless
 * `include` requests log probabilities.
 */
function readLogprobs(body: JsonObject): number | undefined {
  const top = optional(body['top_logprobs'], 'top_logprobs', isNumber, 'a number');
  const wanted = asList(body['include']).includes(LOGPROBS);
  return wanted ? (top ?? 0) : top === 0 ? undefined : top;
}

function readEffort(value: Json): ReasoningOptions | undefined {
  if (value === undefined) return undefined;
  const reasoning = needObject(value, 'reasoning');
  const given = optional(reasoning['effort'], 'reasoning.effort', isString, 'a string');
  const effort = knownEffort(given);
  if (given !== undefined && effort === undefined) wrongField('reasoning.effort', `one of ${EFFORTS.join(', ')}`);
  const summary = reasoning['summary'] ?? reasoning['generate_summary'];
  return defined({ effort, show: summary == null ? undefined : true });
}
