import type { JsonObject } from './read-json.ts';
import type { NeutralRequest, Part } from './request.ts';

/** Fields that both OpenAI dialects share. */
export const OPENAI_FIELDS = [
  'metadata',
  'moderation',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'safety_identifier',
  'store',
  'verbosity',
] as const;

/** Returns the shared fields that a request contains. */
export function readOpenAiFields(body: JsonObject): { openAi?: JsonObject } {
  const given = OPENAI_FIELDS.filter((name) => body[name] !== undefined && body[name] !== null);
  return given.length === 0 ? {} : { openAi: Object.fromEntries(given.map((name) => [name, body[name]])) };
}

/** Returns the optional parameters that only the client's dialect supports, for a provider without OpenAI's own fields. */
export const droppedParams = ({ only, openAi, messages }: NeutralRequest): string[] => [
  ...(only?.droppable ?? []),
  ...Object.keys(openAi ?? {}),
  ...(messages.some(({ parts }) => parts.some(asksForDetail)) ? ['image_url.detail'] : []),
];

const asksForDetail = (part: Part): boolean => part.type === 'image' && part.detail !== undefined && part.detail !== 'auto';
