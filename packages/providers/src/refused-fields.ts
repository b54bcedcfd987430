import type { DialectName } from '@sluice/core';
import { isObject, type JsonObject } from '@sluice/dialects';
import { type FieldChange, OPTIONAL_FIELDS } from './optional-fields.ts';

/**
 * Phrases with which providers refuse a field or its value. Sources: OpenAI, Anthropic, Google, Groq, xAI, Mistral, LiteLLM and
 * pydantic.
 */
const REFUSES =
  /not supported|unsupported|(?:do|does) not support|not permitted|not allowed|unknown (?:name|parameter|field|argument)|unrecognized|unexpected|deprecated|cannot both be|only (?:the default|enabled|be set)|invalid (?:argument|parameter)|not valid for this model/i;
/** Tests for a name that is also an ordinary word. It counts only in quotes, or after a word such as "parameter". */
const isPlainWord = (name: string): boolean => /^[a-z]+$/.test(name);
/** Begin of a suggestion, which names another field: «Use 'max_completion_tokens' instead.» */
const INSTEAD = /\buse\s+[`'"]?\w+[`'"]?\s+instead|did you mean\b/i;

const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Returns the position of a field name in a message; -1 if it does not occur. */
function positionOf(message: string, name: string): number {
  for (const spelling of new Set([name, camelCase(name), snakeCase(name), snakeCase(name).replaceAll('_', ' ')])) {
    const pattern = isPlainWord(spelling)
      ? String.raw`[\`'"]${spelling}[\`'"]|(?<=^|; |body\.|adaptive |(?:parameter|argument|field|name)s?:? |supplied: (?:\w+, )*)${spelling}\b(?= |:|\.|,|;|$)`
      : String.raw`(?<![\w-])${spelling}(?![\w-])`;
    const found = message.search(new RegExp(pattern, 'i'));
    if (found !== -1) return found;
  }
  return -1;
}

const isWithin = (path: readonly string[], outer: readonly string[]): boolean =>
  path.length > outer.length && outer.every((name, n) => path[n] === name);

/**
 * Returns the optional fields of a request that a message refuses, in the order in which the message names them.
 *
 * @param dialect dialect of the request: only in chat completions the output limit has two names
 */
export function refusedIn(message: string, body: JsonObject, dialect: DialectName): readonly FieldChange[] {
  if (!REFUSES.test(message)) return [];
  const end = message.search(INSTEAD);
  const refusal = end === -1 ? message : message.slice(0, end);
  const fields = OPTIONAL_FIELDS.filter(
    ({ path, rename }) => holds(body, path) && (rename === undefined || dialect === 'openai-chat'),
  );
  const all = fields
    .map((change) => ({ change, position: positionOf(refusal, change.path.at(-1) as string) }))
    .filter(({ position }) => position !== -1)
    .sort((one, other) => one.position - other.position)
    .map(({ change }) => change);
  // «Unknown name "thinkingLevel" at 'generation_config.thinking_config'»
  const named = all.filter(({ path }) => !all.some((other) => isWithin(other.path, path)));
  // «temperature and top_p cannot both be specified»
  return /cannot both be/i.test(message) ? named.slice(1) : named;
}

/** Returns whether a body has a member at a path; `*` matches each member of a list. */
export function holds(value: unknown, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return value !== undefined;
  if (name === '*') return Array.isArray(value) && value.some((one) => holds(one, rest));
  return isObject(value) && Object.hasOwn(value, name) && holds(value[name], rest);
}
