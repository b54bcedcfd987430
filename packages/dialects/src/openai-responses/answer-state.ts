import type { AnswerContent } from '../dialect.ts';
import { isReportedError } from '../failures/reported-error.ts';
import { asList, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';

const FAILED: ReadonlySet<unknown> = new Set(['failed', 'cancelled']);
const FAILED_EVENTS: ReadonlySet<unknown> = new Set(['error', 'response.failed', 'response.cancelled', 'response.error']);

/** Tests whether a response or an event reports a failure. Source: OpenAI's API reference, "The response object". */
export function reportsFailure(data: JsonObject): boolean {
  if (FAILED_EVENTS.has(data['type']) || isReportedError(data)) return true;
  return FAILED.has(data['status']) || FAILED.has(member(data['response'], 'status'));
}

/** Classifies the content of a response. A background response is `empty` at first. */
export function contentOf(body: JsonObject): AnswerContent {
  const { output } = body;
  if (!Array.isArray(output)) return typeof body['status'] === 'string' ? 'empty' : 'none';
  return output.some(hasContent) ? 'some' : 'empty';
}

function hasContent(item: Json): boolean {
  if (!isObject(item)) return false;
  return item['type'] !== 'message' || asList(item['content']).some((part) => member(part, 'text') !== '');
}
