import { randomUUID } from 'node:crypto';
import { isId, isJson, type Json, outputOf, type StoredRecord } from './record.ts';

/** Returns the items of a request, each with an id, which the list of items needs (`GET /v1/responses/{id}/input_items`). */
export function inputItems(input: unknown): readonly Json[] {
  if (typeof input === 'string') return [withId({ role: 'user', content: [{ type: 'input_text', text: input }] })];
  return Array.isArray(input) ? input.filter(isJson).map(withId) : [];
}

function withId(item: Json): Json {
  if (typeof item['id'] === 'string') return item;
  const type = typeof item['type'] === 'string' ? item['type'] : 'message';
  return { type, ...item, id: `${PREFIXES[type] ?? 'item'}_${randomUUID().replaceAll('-', '')}` };
}

/** Prefixes of item ids in OpenAI's API. */
const PREFIXES: Readonly<Record<string, string>> = {
  message: 'msg',
  function_call: 'fc',
  function_call_output: 'fco',
  reasoning: 'rs',
};

/** Returns whether an item of a request refers to an earlier one. */
export const isReference = (item: unknown): item is Json & { readonly id: string } =>
  isJson(item) && item['type'] === 'item_reference' && isId(item['id']);

/** Returns the items of earlier responses, oldest first, in the form of a request. */
export function historyOf(records: readonly StoredRecord[]): readonly Json[] {
  return records.flatMap((record) => [...record.input, ...outputOf(record)]).flatMap(replayed);
}

/**
 * Returns an earlier item in the form of a request to any provider, or nothing.
 *
 * Ids are omitted: a provider looks up its own ids and then requires the reasoning before them. Only the provider that made
 * reasoning can open it, so an item without `encrypted_content` is omitted.
 */
export function replayed(item: Json): readonly Json[] {
  const { id: _, status: __, ...rest } = item;
  if (item['type'] !== 'reasoning') return [rest];
  return typeof item['encrypted_content'] === 'string' && item['encrypted_content'] !== '' ? [item] : [];
}
