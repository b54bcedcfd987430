import { LlmError } from '@sluice/core';

export type Json = Readonly<Record<string, unknown>>;

export const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Members of requests that name account objects: one id, a list of ids, or a list of objects with ids. */
const REFERENCES: ReadonlySet<string> = new Set([
  ...['file_id', 'file_ids', 'input_file_id', 'training_file', 'validation_file', 'vector_store_id', 'vector_store_ids'],
  ...['container', 'container_id', 'fileName', 'file_name', 'fileUri', 'file_uri', 'cachedContent', 'cached_content'],
]);

/** Gemini names an object by its collection, also within a URL. */
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
  // arguments that a model passed to a tool are not references
  if (!isJson(value) || value['type'] === 'tool_use') return;
  // evals refer to a file in this form
  if (value['type'] === 'file_id' && isText(value['id'])) found.add(value['id']);
  for (const name in value) {
    const member = value[name];
    if (REFERENCES.has(name)) for (const id of idsOf(member, gemini)) found.add(id);
    collect(member, gemini, found);
  }
}

function idsOf(value: unknown, gemini: boolean): string[] {
  const texts = (Array.isArray(value) ? value : [value]).filter(isText);
  // a URL outside the account is not an account object
  return gemini ? texts.flatMap((text) => GEMINI_NAME.exec(text)?.[0] ?? []) : texts;
}

/** Returns the ids of the objects that a response creates: its own id and the ids of its results. */
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

/** Returns the id under which an upload in several requests continues: the URL for the remaining parts contains it (Gemini). */
export function uploadIn(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const id = new URL(address).searchParams.get('upload_id');
  return id === null ? undefined : `upload/${id}`;
}
