import type { AnswerContent } from '../dialect.ts';
import { isFailedFinish, isReportedError } from '../failures/reported-error.ts';
import { asList, asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import { field } from './fields.ts';

/** Reasons for output that could not be parsed. Source: Google's API reference, "FinishReason". */
const UNREADABLE: ReadonlySet<string> = new Set([
  ...[
    'MALFORMED_FUNCTION_CALL',
    'UNEXPECTED_TOOL_CALL',
    'MALFORMED_RESPONSE',
    'TOO_MANY_TOOL_CALLS',
    'MISSING_THOUGHT_SIGNATURE',
  ],
]);

const reasonOf = (candidate: Json): string => asString(field(candidate, 'finishReason')) ?? '';

/** Tests whether a body or an event reports a failure. */
export function reportsFailure(data: JsonObject): boolean {
  return isReportedError(data) || asList(data['candidates']).some((candidate) => isFailedFinish(reasonOf(candidate)));
}

/**
 * Tests for a response without parts because the model's output could not be parsed. Other dialects have no such finish reason.
 */
export function isUnreadable(data: JsonObject): boolean {
  return asList(data['candidates']).some((candidate) => UNREADABLE.has(reasonOf(candidate)) && partsOf(candidate).length === 0);
}

const partsOf = (candidate: Json): readonly Json[] => asList(member(member(candidate, 'content'), 'parts'));

/** Classifies the content of a response. A response without a candidate is `none`, unless the prompt was blocked. */
export function contentOf(body: JsonObject): AnswerContent {
  const candidates = asList(body['candidates']).filter(isObject);
  if (candidates.length > 0) return candidates.some((one) => partsOf(one).some(hasContent)) ? 'some' : 'empty';
  return field(field(body, 'promptFeedback'), 'blockReason') === undefined ? 'none' : 'empty';
}

const hasContent = (part: Json): boolean => isObject(part) && (typeof part['text'] !== 'string' || part['text'] !== '');
