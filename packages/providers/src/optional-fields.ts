import { defined } from '@sluice/core';
import { isObject, type JsonObject } from '@sluice/dialects';

/** A change to requests after a provider has refused a field. */
export interface FieldChange {
  /** Path of the field; `*` matches each member of a list. */
  readonly path: readonly string[];
  /** Its other name. Without one, the field is omitted. */
  readonly rename?: string;
  /** Its name in `x-sluice-dropped`, if it is lost. */
  readonly shown?: string;
  /** Whether the gateway provides the effect of the field itself: it ends the text at stop sequences. */
  readonly byGateway?: true;
}

const optional = (path: string, shown?: string): FieldChange => ({
  path: path.split('.'),
  ...defined({ shown }),
});

/** Fields of chat completions and Responses that do not change the meaning of an answer. */
const OPENAI = [
  ...['temperature', 'top_p', 'top_k', 'presence_penalty', 'frequency_penalty', 'seed', 'parallel_tool_calls'],
  ...[
    'reasoning_effort',
    'reasoning_split',
    'enable_thinking',
    'thinking_budget',
    'verbosity',
    'metadata',
    'store',
    'service_tier',
  ],
  ...['prompt_cache_key', 'prompt_cache_options', 'prompt_cache_retention', 'safety_identifier', 'user', 'include', 'moderation'],
].map((name) => optional(name, name));

const GEMINI = [
  ['topK', 'top_k'],
  ['seed', 'seed'],
  ['presencePenalty', 'presence_penalty'],
  ['frequencyPenalty', 'frequency_penalty'],
] as const;

/**
 * Fields that a request may lose. Messages, tools, formats, limits and tool choices are not among them, because the answer
 * would differ without them. A longer path is before a shorter one with the same name.
 */
export const OPTIONAL_FIELDS: readonly FieldChange[] = [
  { path: ['max_completion_tokens'], rename: 'max_tokens' },
  { path: ['max_tokens'], rename: 'max_completion_tokens' },
  { path: ['stop'], byGateway: true },
  { path: ['stop_sequences'], byGateway: true },
  { path: ['generationConfig', 'stopSequences'], byGateway: true },
  ...OPENAI,
  optional('messages.*.reasoning_content'),
  optional('messages.*.reasoning_details'),
  optional('messages.*.refusal'),
  optional('messages.*.tool_calls.*.extra_content'),
  optional('messages.*.content.*.cache_control'),
  optional('tools.*.function.strict'),
  optional('tools.*.strict'),
  optional('tools.*.cache_control'),
  optional('system.*.cache_control'),
  optional('text.verbosity', 'verbosity'),
  optional('reasoning.summary'),
  optional('reasoning.effort', 'reasoning_effort'),
  optional('output_config.effort', 'reasoning_effort'),
  optional('thinking', 'reasoning_effort'),
  ...GEMINI.map(([name, shown]) => optional(`generationConfig.${name}`, shown)),
  optional('generationConfig.thinkingConfig.includeThoughts'),
  optional('generationConfig.thinkingConfig.thinkingLevel', 'reasoning_effort'),
  optional('generationConfig.thinkingConfig.thinkingBudget', 'reasoning_effort'),
  optional('generationConfig.thinkingConfig', 'reasoning_effort'),
  optional('generationConfig.temperature', 'temperature'),
  optional('generationConfig.topP', 'top_p'),
  optional('serviceTier', 'service_tier'),
];

/** Returns a request with a change applied. An object that becomes empty is omitted too. */
export function changedRequest(body: JsonObject, { path, rename }: FieldChange): JsonObject {
  return (without(body, path, rename) as JsonObject | undefined) ?? {};
}

function without(value: unknown, [name, ...rest]: readonly string[], rename: string | undefined): unknown {
  if (name === undefined) return undefined;
  if (name === '*') return Array.isArray(value) ? value.map((one) => without(one, rest, rename) ?? one) : value;
  if (!isObject(value) || !Object.hasOwn(value, name)) return value;
  const { [name]: inner, ...others } = value;
  if (rest.length > 0) {
    const next = without(inner, rest, rename);
    return next === undefined ? orNothing(others) : { ...others, [name]: next };
  }
  if (rename !== undefined) return Object.hasOwn(value, rename) ? others : { ...others, [rename]: inner };
  return orNothing(others);
}

const orNothing = (value: JsonObject): JsonObject | undefined => (Object.keys(value).length === 0 ? undefined : value);
