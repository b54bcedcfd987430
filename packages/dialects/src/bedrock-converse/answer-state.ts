import type { AnswerContent } from '../dialect.ts';
import { isReportedError } from '../failures/reported-error.ts';
import { isObject, type JsonObject, member } from '../neutral/read-json.ts';

/** Reasons for output that could not be parsed. Source: Amazon Bedrock's API reference, "ConverseResponse". */
const UNREADABLE: ReadonlySet<unknown> = new Set(['malformed_model_output', 'malformed_tool_use']);

/** Tests whether a body or an event reports a failure. An event is an object with the event's type as its only member. */
export function reportsFailure(data: JsonObject): boolean {
  const reason = data['stopReason'] ?? member(data['messageStop'], 'stopReason');
  return isReportedError(data) || UNREADABLE.has(reason) || Object.keys(data).some((name) => name.endsWith('Exception'));
}

/** Classifies the content of a Converse response. */
export function contentOf(body: JsonObject): AnswerContent {
  const content = member(member(body['output'], 'message'), 'content');
  if (!Array.isArray(content)) return isObject(body['output']) ? 'empty' : 'none';
  return content.some((block) => member(block, 'text') !== '') ? 'some' : 'empty';
}
