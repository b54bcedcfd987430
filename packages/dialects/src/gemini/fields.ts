import { isObject, type Json } from '../neutral/read-json.ts';

/** Returns a field of Gemini's API, which may be in camelCase or, as in protocol buffers, in snake_case. */
export function field(value: Json, name: string): Json {
  if (!isObject(value)) return undefined;
  return value[name] ?? value[snakeCase(name)];
}

export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
