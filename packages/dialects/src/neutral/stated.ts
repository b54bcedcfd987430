import { isObject, type JsonObject } from './read-json.ts';

/** Returns whether a value is empty: null, or an empty list, object or text. Clients write all of their fields, set or not. */
const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (isObject(value) && Object.keys(value).length === 0);

/** Returns a request without its empty fields, except for fields that the dialect requires. */
export function stated(body: JsonObject, required: readonly string[]): JsonObject {
  const kept: Record<string, unknown> = {};
  for (const name in body) if (required.includes(name) || !isEmpty(body[name])) kept[name] = body[name];
  return kept;
}

/** Fields of a dialect, by their handling for a provider of another dialect. */
export interface FieldTable {
  /** Fields that the neutral form contains. */
  readonly represented: ReadonlySet<string>;
  /** Fields that change the response. */
  readonly refused: ReadonlySet<string>;
}

/** Returns a field's name that is safe in a header, whatever the client wrote. */
export const shownName = (name: string): string => name.replace(/[^\w.-]/g, '').slice(0, 64);

/**
 * Sorts the fields that no other dialect supports: those that change the response, and those that are dropped with their names.
 */
export function unrepresentedFields(
  names: readonly string[],
  { represented, refused }: FieldTable,
): { needed: string[]; droppable: string[] } {
  const unrepresented = names.filter((name) => !represented.has(name));
  return {
    needed: unrepresented.filter((name) => refused.has(name)),
    droppable: unrepresented.filter((name) => !refused.has(name)).map(shownName),
  };
}
