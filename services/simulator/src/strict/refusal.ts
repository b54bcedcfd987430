/** Error for a request that a strict model does not accept. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

export type Value = Readonly<Record<string, unknown>>;

export function refuse(message: string): never {
  throw new Refusal(message);
}

export const isValue = (value: unknown): value is Value => typeof value === 'object' && value !== null && !Array.isArray(value);
export const listOf = (value: unknown): readonly Value[] => (Array.isArray(value) ? value.filter(isValue) : []);
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
export const member = (value: unknown, name: string): unknown => (isValue(value) ? value[name] : undefined);

/** Refuses members that the provider does not support. */
export function onlyKnown(value: Value, known: readonly string[], message: (name: string) => string): void {
  for (const name of Object.keys(value)) if (!known.includes(name)) refuse(message(name));
}
