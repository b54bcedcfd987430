import { isObject, type Json, type JsonObject } from '../neutral/read-json.ts';
import { camelCase } from './fields.ts';

/** Counts that protocol buffers write as text. */
const COUNTS = new Set(['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties']);
/** Keywords without an equivalent in JSON Schema. */
const OWN = new Set(['propertyOrdering', 'nullable', 'example']);

/**
 * Converts a schema of Gemini's API (OpenAPI 3.0 with types in capitals) to JSON Schema. A JSON Schema is returned unchanged.
 * Source: Google's API reference, "Schema".
 */
export function jsonSchemaOf(schema: Json): JsonObject {
  if (!isObject(schema)) return { type: 'object', properties: {} };
  const written: Record<string, Json> = {};
  for (const [given, value] of Object.entries(schema)) {
    const name = camelCase(given);
    if (OWN.has(name)) continue;
    if (name === 'type' && typeof value === 'string') written['type'] = value.toLowerCase();
    else if (name === 'properties' && isObject(value)) {
      written['properties'] = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, jsonSchemaOf(one)]));
    } else if (name === 'items' && isObject(value)) written['items'] = jsonSchemaOf(value);
    else if (name === 'anyOf' && Array.isArray(value)) written['anyOf'] = value.map(jsonSchemaOf);
    else if (COUNTS.has(name) && typeof value === 'string') written[name] = Number(value);
    else written[given.startsWith('$') ? given : name] = value;
  }
  if (schema['nullable'] === true && typeof written['type'] === 'string') written['type'] = [written['type'], 'null'];
  return written;
}
