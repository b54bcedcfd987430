import type { AnswerContent } from '../dialect.ts';
import { isFailedFinish, isReportedError } from '../failures/reported-error.ts';
import { asString, type JsonObject, member } from '../neutral/read-json.ts';

/** Tests whether a body or an event reports a failure. Relays in front of Claude send errors with status 200. */
export function reportsFailure(data: JsonObject): boolean {
  const reason = data['stop_reason'] ?? member(data['delta'], 'stop_reason');
  return isReportedError(data) || isFailedFinish(asString(reason) ?? '');
}

/** Classifies the content of a message. */
export function contentOf(body: JsonObject): AnswerContent {
  const { content } = body;
  if (!Array.isArray(content)) return 'none';
  return content.some((block) => member(block, 'type') !== 'text' || member(block, 'text') !== '') ? 'some' : 'empty';
}
