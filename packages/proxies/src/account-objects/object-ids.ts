import { LlmError } from '@sluice/core';

export type Json = Readonly<Record<string, unknown>>;

export const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Members of requests that name objects of the account: one id, a list of ids, or a list of objects with ids. */
const REFERENCES: ReadonlySet<string> = new Set([
  ...['file_id', 'file_ids', 'input_file_id', 'training_file', 'validation_file', 'vector_store_id', 'vector_store_ids'],
  ...['container', 'container_id', 'fileName', 'file_name', 'fileUri', 'file_uri', 'cachedContent', 'cached_content'],
]);

/** Gemini names an object by its collection, and in an address. */
const GEMINI_NAME = /\b(?:files|cachedContents|batches)\/[\w-]+/;

/**
 * Returns the ids of the objects that a request's body refers to.
 *
 * @throws LlmError `invalid_request` for a batch without its input
 */
export function referencesIn(body: Json, form: 'openai' | 'anthropic' | 'gemini', isNewBatch: boolean): string[] {
  if (form === 'openai' && isNewBatch && !isText(body['input_file_id'])) {
    throw new LlmError('invalid_request', "'input_file_id' must be a file's id.", { param: 'input_file_id' });
  }
  const found = new Set<string>();
  collect(body, form === 'gemini', found);
  return [...found];
}

function collect(value: unknown, gemini: boolean, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const one of value) collect(one, gemini, found);
    return;
  }
  // what a model gave a tool is no reference
  if (!isJson(value) || value['type'] === 'tool_use') return;
  // evals refer to a file so
  if (value['type'] === 'file_id' && isText(value['id'])) found.add(value['id']);
  for (const name in value) {
    const member = value[name];
    if (REFERENCES.has(name)) for (const id of idsOf(member, gemini)) found.add(id);
    collect(member, gemini, found);
  }
}

function idsOf(value: unknown, gemini: boolean): string[] {
  const texts = (Array.isArray(value) ? value : [value]).filter(isText);
  // an address that is elsewhere is no object of the account
  return gemini ? texts.flatMap((text) => GEMINI_NAME.exec(text)?.[0] ?? []) : texts;
}

/** Returns the ids of the objects that an answer brings into being: its own, and those of its results. */
export function idsMadeIn(answer: Json): string[] {
  const file = isJson(answer['file']) ? answer['file'] : {};
  const results = Array.isArray(answer['result_files']) ? answer['result_files'] : [];
  const metadata = isJson(answer['metadata']) ? answer['metadata'] : {};
  const outputs = [answer['response'], metadata['output'], answer['output']].filter(isJson).map((one) => one['responsesFile']);
  const own = answer['id'] ?? answer['name'];
  return [own, answer['output_file_id'], answer['error_file_id'], file['id'] ?? file['name'], ...results, ...outputs].filter(
    isText,
  );
}

/** Returns the id under which a stored upload in several requests goes on: it is in the address for the rest (Gemini). */
export function uploadIn(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const id = new URL(address).searchParams.get('upload_id');
  return id === null ? undefined : `upload/${id}`;
}
