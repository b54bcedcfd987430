import { type JsonObject, unsupportedParam } from '../neutral/read-json.ts';
import type { NeutralEmbedRequest } from './embeddings.ts';

/** Returns the inputs of a request to a provider that accepts only texts. @throws LlmError `invalid_request` for tokens */
export function textsOf({ inputs }: NeutralEmbedRequest, provider: string): string[] {
  return inputs.map((input) =>
    typeof input === 'string' ? input : unsupportedParam('input', `${provider}, which does not accept tokens`),
  );
}

/** Refuses unsupported required fields and returns the names of the dropped optional ones. */
export function droppedEmbeddingParams(request: NeutralEmbedRequest, provider: string): string[] {
  const [refused] = request.only?.needed ?? [];
  if (refused !== undefined) unsupportedParam(refused, provider);
  return [...(request.only?.droppable ?? []), ...(request.user === undefined ? [] : ['user'])];
}

/** Returns the names of a body's other members. */
export const othersOf = (body: JsonObject, known: readonly string[]): string[] =>
  Object.keys(body).filter((name) => body[name] !== null && !known.includes(name));
