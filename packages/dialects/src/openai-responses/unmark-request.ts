import { asList, asString, isObject, type Json, type JsonObject } from '../neutral/read-json.ts';
import { readMark } from '../neutral/sealed.ts';
import type { Unmarked } from '../neutral/unmarked.ts';

/** Unwraps OpenAI's own reasoning items and removes those of others. */
export const unmarkInput = (body: JsonObject): Unmarked => ({
  body: { ...body, input: asList(body['input']).flatMap(unmarkItem) },
  dropped: [],
});

function unmarkItem(item: Json): Json[] {
  if (!isObject(item) || item['type'] !== 'reasoning') return [item];
  const marked = readMark(asString(item['encrypted_content']) ?? '');
  if (marked === undefined) return [item];
  return marked.origin === 'openai-responses' ? [{ ...item, encrypted_content: marked.data }] : [];
}
