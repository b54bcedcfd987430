import type { AnswerContent } from '../dialect.ts';
import { isFailedFinish, isReportedError } from '../failures/reported-error.ts';
import { asList, asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import { field } from './fields.ts';

/** Reasons by which what the model wrote could not be read. Source: Google's API reference, "FinishReason". */
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

/** Whether a body or an event reports a failure. */
export function reportsFailure(data: JsonObject): boolean {
  return isReportedError(data) || asList(data['candidates']).some((candidate) => isFailedFinish(reasonOf(candidate)));
}

/** Whether nothing came of an answer because the model wrote what cannot be read: for a caller of another dialect, whose reasons have no such. */
export function isUnreadable(data: JsonObject): boolean {
  return asList(data['candidates']).some((candidate) => UNREADABLE.has(reasonOf(candidate)) && partsOf(candidate).length === 0);
}

const partsOf = (candidate: Json): readonly Json[] => asList(member(member(candidate, 'content'), 'parts'));

/** What there is of an answer. One without a candidate is none, unless the prompt was refused. */
export function contentOf(body: JsonObject): AnswerContent {
  const candidates = asList(body['candidates']).filter(isObject);
  if (candidates.length > 0) return candidates.some((one) => partsOf(one).some(says)) ? 'some' : 'empty';
  return field(field(body, 'promptFeedback'), 'blockReason') === undefined ? 'none' : 'empty';
}

const says = (part: Json): boolean => isObject(part) && (typeof part['text'] !== 'string' || part['text'] !== '');
