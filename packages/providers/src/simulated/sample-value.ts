import { isObject, type JsonObject } from '@sluice/dialects';

/** Returns a value that a JSON Schema allows. The same schema has the same value. */
export function sampleValue(schema: unknown, depth = 0): unknown {
  if (!isObject(schema) || depth > 8) return {};
  const { const: only, enum: some, anyOf, oneOf, default: usual } = schema;
  if (only !== undefined) return only;
  if (usual !== undefined) return usual;
  if (Array.isArray(some) && some.length > 0) return some[0] as unknown;
  for (const choices of [anyOf, oneOf]) {
    if (Array.isArray(choices) && choices.length > 0) return sampleValue(choices[0], depth + 1);
  }
  const type = Array.isArray(schema['type']) ? (schema['type'][0] as unknown) : schema['type'];
  switch (type) {
    case 'string':
      return 'simulated';
    case 'integer':
    case 'number':
      return typeof schema['minimum'] === 'number' ? schema['minimum'] : 1;
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array':
      return [sampleValue(schema['items'], depth + 1)];
    default:
      return sampleObject(schema, depth);
  }
}

function sampleObject({ properties, required }: JsonObject, depth: number): JsonObject {
  if (!isObject(properties)) return {};
  const wanted = Array.isArray(required) ? (required as unknown[]) : Object.keys(properties);
  const members = Object.entries(properties).filter(([name]) => wanted.includes(name));
  return Object.fromEntries(members.map(([name, schema]) => [name, sampleValue(schema, depth + 1)]));
}
