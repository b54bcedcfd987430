import { isObject, type Json } from '../neutral/read-json.ts';

/** A field of Gemini's, which may be written in camelCase or, as protocol buffers have it, in snake_case. */
export function field(value: Json, name: string): Json {
  if (!isObject(value)) return undefined;
  return value[name] ?? value[snakeCase(name)];
}

export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
