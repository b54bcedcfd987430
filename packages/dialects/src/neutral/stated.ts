import { isObject, type JsonObject } from './read-json.ts';

/** Returns whether a value asks for nothing: null, an empty list, object or text. Clients write all of their fields, set or not. */
const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (isObject(value) && Object.keys(value).length === 0);

/** Returns a request without the fields that ask for nothing, except those that no request of the dialect can omit. */
export function stated(body: JsonObject, required: readonly string[]): JsonObject {
  const kept: Record<string, unknown> = {};
  for (const name in body) if (required.includes(name) || !isEmpty(body[name])) kept[name] = body[name];
  return kept;
}

/** The fields of a dialect that decide what happens to a request for a provider of another one. */
export interface FieldTable {
  /** Fields that the neutral form has. */
  readonly said: ReadonlySet<string>;
  /** Fields without which the answer would be another one. */
  readonly refused: ReadonlySet<string>;
}

/** A field's name as a header can show it, whatever the caller wrote. */
export const shownName = (name: string): string => name.replace(/[^\w.-]/g, '').slice(0, 64);

/** Sorts the fields that no other dialect has: those whose loss changes the answer, and those that are dropped with their names. */
export function unsaidFields(names: readonly string[], { said, refused }: FieldTable): { needed: string[]; wished: string[] } {
  const unsaid = names.filter((name) => !said.has(name));
  return {
    needed: unsaid.filter((name) => refused.has(name)),
    wished: unsaid.filter((name) => !refused.has(name)).map(shownName),
  };
}
