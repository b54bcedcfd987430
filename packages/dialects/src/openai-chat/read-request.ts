import { defined } from '@sluice/core';
import { OPENAI_FIELDS, readOpenAiFields } from '../neutral/openai-fields.ts';
import {
  asList,
  asString,
  isBoolean,
  isNumber,
  isString,
  type Json,
  type JsonObject,
  member,
  needList,
  needString,
  optional,
} from '../neutral/read-json.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import { type FieldTable, stated, unrepresentedFields } from '../neutral/stated.ts';
import { readMessages, unrepresentedMembers } from './read-messages.ts';
import { readReasoningOptions } from './read-reasoning-options.ts';
import { allowedTools, readFormat, readOffer, readTool, readToolChoice } from './read-tools.ts';

const FIELDS: FieldTable = {
  represented: new Set([
    'model',
    'messages',
    'stream',
    'stream_options',
    'tools',
    'functions',
    'tool_choice',
    'function_call',
    'parallel_tool_calls',
    'max_tokens',
    'max_completion_tokens',
    'temperature',
    'top_p',
    'top_k',
    'stop',
    'presence_penalty',
    'frequency_penalty',
    'seed',
    'logprobs',
    'top_logprobs',
    'n',
    'response_format',
    'reasoning_effort',
    'reasoning',
    'thinking',
    'enable_thinking',
    'service_tier',
    'user',
    ...OPENAI_FIELDS,
  ]),
  refused: new Set(['audio', 'logit_bias', 'modalities', 'web_search_options']),
};

/** Source: OpenAI's API reference, "Create chat completion", and additional fields of compatible servers. */
export function readRequest(given: JsonObject): NeutralRequest {
  const body = stated(given, ['model', 'messages']);
  const textOnly = asList(body['modalities']).every((one) => one === 'text');
  const names = Object.keys(body).filter((name) => !(name === 'modalities' && textOnly));
  const { needed, droppable } = unrepresentedFields(names, FIELDS);
  const offered = readOffer(body);
  const choice = readToolChoice(body);
  const messages = needList(body['messages'], 'messages');
  const dropped = [...droppable, ...(offered?.left ?? []), ...unrepresentedMembers(messages)];
  const logprobs = optional(body['logprobs'], 'logprobs', isBoolean, 'true or false');
  const number = (name: string) => optional(body[name], name, isNumber, 'a number');
  return defined({
    messages: readMessages(messages),
    tools: allowedTools(
      offered?.functions.map(({ tool, at }) => readTool(tool, at)),
      choice,
    ),
    toolChoice: choice.choice,
    parallelToolCalls: optional(body['parallel_tool_calls'], 'parallel_tool_calls', isBoolean, 'true or false'),
    maxTokens: number('max_completion_tokens') ?? number('max_tokens'),
    temperature: number('temperature'),
    topP: number('top_p'),
    topK: number('top_k'),
    stop: readStop(body['stop']),
    presencePenalty: number('presence_penalty'),
    frequencyPenalty: number('frequency_penalty'),
    seed: number('seed'),
    logprobs: logprobs === true ? (number('top_logprobs') ?? 0) : undefined,
    choices: number('n'),
    format: readFormat(body['response_format']),
    reasoning: readReasoningOptions(body),
    ...readModalities(body),
    serviceTier: optional(body['service_tier'], 'service_tier', isString, 'a string'),
    user: optional(body['user'], 'user', isString, 'a string'),
    ...readOpenAiFields(body),
    only: needed.length + dropped.length === 0 ? undefined : { needed, droppable: dropped },
  });
}

function readStop(stop: Json): readonly string[] | undefined {
  if (stop === undefined) return undefined;
  return isString(stop) ? [stop] : needList(stop, 'stop').map((one) => needString(one, 'stop'));
}

/** Reads whether audio or images are requested. OpenRouter requests images in the format that OpenAI uses for audio. */
function readModalities(body: JsonObject): Pick<NeutralRequest, 'answersWith' | 'speech'> {
  const modalities = asList(body['modalities']);
  if (modalities.includes('image')) return { answersWith: 'image' };
  if (!modalities.includes('audio')) return {};
  const voice = asString(member(body['audio'], 'voice'));
  const format = asString(member(body['audio'], 'format'));
  return { answersWith: 'audio', speech: defined({ voice, format }) };
}
