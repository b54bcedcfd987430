import { cannotSay, type JsonObject } from '../neutral/read-json.ts';
import type { NeutralEmbedRequest } from './embeddings.ts';

/** The inputs of a request to a provider that takes texts alone. @throws LlmError `invalid_request` for tokens */
export function textsOf({ inputs }: NeutralEmbedRequest, provider: string): string[] {
  return inputs.map((input) => (typeof input === 'string' ? input : cannotSay('input', `${provider}, which takes no tokens`)));
}

/** Refuses what cannot be said, and tells what is left away. */
export function wishesOf(request: NeutralEmbedRequest, provider: string): string[] {
  const [refused] = request.only?.needed ?? [];
  if (refused !== undefined) cannotSay(refused, provider);
  return [...(request.only?.wished ?? []), ...(request.user === undefined ? [] : ['user'])];
}

/** The names of a body's members beside these. */
export const othersOf = (body: JsonObject, said: readonly string[]): string[] =>
  Object.keys(body).filter((name) => body[name] !== null && !said.includes(name));
