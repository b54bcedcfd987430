import type { AnswerContent } from '../dialect.ts';
import { isFailedChoice, isReportedError } from '../failures/reported-error.ts';
import { asList, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';

/**
 * Tests whether a body or a chunk reports a failure. OpenRouter sends choices together with an error after the first content.
 */
export function reportsFailure(data: JsonObject): boolean {
  return isReportedError(data) || asList(data['choices']).some(isFailedChoice);
}

const PARTS = [
  ...[
    'content',
    'tool_calls',
    'function_call',
    'refusal',
    'reasoning_content',
    'reasoning',
    'reasoning_details',
    'audio',
    'images',
  ],
];

/** Classifies the content of a chat completion, or of a legacy completion. */
export function contentOf(body: JsonObject): AnswerContent {
  const choices = asList(body['choices']).filter(isObject);
  if (choices.length === 0) return 'none';
  const some = choices.some((choice) => holds(choice['text']) || PARTS.some((name) => holds(member(choice['message'], name))));
  return some ? 'some' : 'empty';
}

const holds = (value: Json): boolean =>
  typeof value === 'string' || Array.isArray(value) ? value.length > 0 : isObject(value) && Object.keys(value).length > 0;
