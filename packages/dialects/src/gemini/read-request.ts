import { defined } from '@sluice/core';
import {
  asString,
  isBoolean,
  isNumber,
  isObject,
  isString,
  type Json,
  type JsonObject,
  needList,
  needString,
  optional,
  wrongField,
} from '../neutral/read-json.ts';
import type { Effort, NeutralRequest, ReasoningOptions, ResponseFormat } from '../neutral/request.ts';
import { type FieldTable, stated, unrepresentedFields } from '../neutral/stated.ts';
import { allowedTools } from '../openai-chat/read-tools.ts';
import { camelCase, field } from './fields.ts';
import { readContents, readSystem } from './read-contents.ts';
import { readChoice, readTools } from './read-tools.ts';
import { jsonSchemaOf } from './schema.ts';

/** Fields of a request, and of its `generationConfig`. */
const FIELDS: FieldTable = {
  represented: new Set([
    'contents',
    'systemInstruction',
    'tools',
    'toolConfig',
    'generationConfig',
    'serviceTier',
    'candidateCount',
    'frequencyPenalty',
    'logprobs',
    'maxOutputTokens',
    'presencePenalty',
    'responseJsonSchema',
    'responseLogprobs',
    'responseMimeType',
    'responseSchema',
    'seed',
    'stopSequences',
    'temperature',
    'thinkingConfig',
    'topK',
    'topP',
  ]),
  refused: new Set([
    'audioTranscriptionConfig',
    'automaticContinuation',
    'cachedContent',
    'continuationToken',
    'generationOutputConfig',
    'imageConfig',
    'modelSelectionConfig',
    'responseModalities',
    'speechConfig',
  ]),
};

const LEVELS: Readonly<Record<string, Effort>> = { MINIMAL: 'minimal', LOW: 'low', MEDIUM: 'medium', HIGH: 'high' };
/** Source: Google's API reference, "generateContent". */
export function readRequest(given: JsonObject): NeutralRequest {
  const body = stated(given, ['contents']);
  const config = stated(optional(field(body, 'generationConfig'), 'generationConfig', isObject, 'an object') ?? {}, []);
  const names = [...namesOf(body), ...namesOf(config).filter((name) => !isTextAlone(name, config))];
  const { needed, droppable } = unrepresentedFields(names, FIELDS);
  const offered = readTools(body['tools']);
  const choice = readChoice(field(field(body, 'toolConfig'), 'functionCallingConfig'));
  const dropped = [...droppable, ...offered.left];
  const number = (name: string) => optional(field(config, name), `generationConfig.${name}`, isNumber, 'a number');
  const system = field(body, 'systemInstruction');
  const messages = readContents(needList(body['contents'], 'contents'));
  const instruction = system === undefined ? [] : readSystem(system);
  if (instruction.length > 0) messages.unshift({ role: 'system', parts: instruction });
  return defined({
    messages,
    tools: offered.tools.length === 0 ? undefined : allowedTools(offered.tools, choice),
    toolChoice: choice.choice,
    maxTokens: number('maxOutputTokens'),
    temperature: number('temperature'),
    topP: number('topP'),
    topK: number('topK'),
    stop: readStop(field(config, 'stopSequences')),
    presencePenalty: number('presencePenalty'),
    frequencyPenalty: number('frequencyPenalty'),
    seed: number('seed'),
    logprobs: field(config, 'responseLogprobs') === true ? (number('logprobs') ?? 0) : undefined,
    choices: number('candidateCount'),
    format: readFormat(config),
    reasoning: readThinking(field(config, 'thinkingConfig')),
    serviceTier: readTier(asString(field(body, 'serviceTier'))),
    only: needed.length + dropped.length === 0 ? undefined : { needed, droppable: dropped },
  });
}

/** Reads the service tier; `standard` is OpenAI's `default`. */
const readTier = (tier: string | undefined): string | undefined => (tier === 'standard' ? 'default' : tier);

const namesOf = (value: JsonObject): string[] => Object.keys(value).map(camelCase);

const readStop = (stop: Json): readonly string[] | undefined =>
  stop === undefined
    ? undefined
    : needList(stop, 'generationConfig.stopSequences').map((one) => needString(one, 'generationConfig.stopSequences'));

/** Returns whether a field requests only text, which every other dialect returns anyway. */
function isTextAlone(name: string, config: JsonObject): boolean {
  const value = field(config, name);
  return name === 'responseModalities' && Array.isArray(value) && value.every((one) => one === 'TEXT');
}

function readFormat(config: JsonObject): ResponseFormat | undefined {
  const type = optional(field(config, 'responseMimeType'), 'generationConfig.responseMimeType', isString, 'a string');
  const schema = field(config, 'responseJsonSchema') ?? field(config, 'responseSchema');
  if (isObject(schema)) return { type: 'schema', schema: jsonSchemaOf(schema) };
  if (type === undefined || type === 'text/plain') return undefined;
  if (type === 'application/json') return { type: 'json' };
  return wrongField('generationConfig.responseMimeType', 'text/plain or application/json');
}

function readThinking(value: Json): ReasoningOptions | undefined {
  if (!isObject(value)) return undefined;
  const level = asString(field(value, 'thinkingLevel'))?.toUpperCase();
  const effort = level === undefined || !Object.hasOwn(LEVELS, level) ? undefined : LEVELS[level];
  const show = field(value, 'includeThoughts');
  return defined({
    effort,
    budgetTokens: optional(
      field(value, 'thinkingBudget'),
      'generationConfig.thinkingConfig.thinkingBudget',
      isNumber,
      'a number',
    ),
    show: isBoolean(show) ? show : undefined,
  });
}
