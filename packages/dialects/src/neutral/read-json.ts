import { LlmError } from '@sluice/core';

/** An unvalidated JSON value. */
export type Json = unknown;
export type JsonObject = Readonly<Record<string, Json>>;

export const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns a member of a value that may not be an object. */
export const member = (value: Json, name: string): Json => (isObject(value) ? value[name] : undefined);

export const asString = (value: Json): string | undefined => (typeof value === 'string' ? value : undefined);
export const asNumber = (value: Json): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;
export const asList = (value: Json): readonly Json[] => (Array.isArray(value) ? value : []);
/** Returns a value that is a valid token count. */
export const asCount = (value: Json): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

/** Refuses a request because of an invalid field. */
export function wrongField(param: string, expected: string): never {
  throw new LlmError('invalid_request', `'${param}' must be ${expected}.`, { param });
}

/** Refuses a request because of a required field that the provider's dialect does not support. */
export function unsupportedParam(param: string, provider: string): never {
  throw new LlmError(
    'invalid_request',
    `'${param}' is not supported by this model's provider (${provider}). Omit it, or use another model.`,
    {
      param,
    },
  );
}

export function needString(value: Json, param: string): string {
  return typeof value === 'string' ? value : wrongField(param, 'a string');
}

export function needObject(value: Json, param: string): JsonObject {
  return isObject(value) ? value : wrongField(param, 'an object');
}

export function needList(value: Json, param: string): readonly Json[] {
  return Array.isArray(value) ? value : wrongField(param, 'a list');
}

/** Reads an optional field; null counts as missing. */
export function optional<T>(value: Json, param: string, is: (value: Json) => value is T, expected: string): T | undefined {
  if (value === undefined || value === null) return undefined;
  return is(value) ? value : wrongField(param, expected);
}

export const isNumber = (value: Json): value is number => typeof value === 'number' && Number.isFinite(value);
export const isString = (value: Json): value is string => typeof value === 'string';
export const isBoolean = (value: Json): value is boolean => typeof value === 'boolean';

/** Parses JSON; returns undefined for invalid text. */
export function parseJson(text: string): Json {
  // no stack trace: capturing one takes half of the time of a failure, and a request may have 8,000 of them
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Parses a `data:` URL; returns undefined for any other URL. */
export function dataUrl(url: string): { mediaType: string; data: string } | undefined {
  const match = /^data:([^;,]+)(?:;[^,]*)?;base64,/.exec(url.slice(0, 200));
  return match === null ? undefined : { mediaType: match[1] as string, data: url.slice(match[0].length) };
}
