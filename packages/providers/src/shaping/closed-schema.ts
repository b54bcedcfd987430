import { isObject, type JsonObject } from '@sluice/dialects';

interface Limits {
  readonly closed: boolean;
  readonly unsupported: readonly string[];
}

/** Members with schemas by name. */
const BY_NAME: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions', 'patternProperties']);
/** Members with a schema or a list of schemas. */
const NESTED: ReadonlySet<string> = new Set(['items', 'anyOf', 'oneOf', 'allOf', 'not', 'prefixItems']);

/**
 * Returns a schema without the keywords that a provider refuses. They move into the description, which the model reads.
 * Anthropic's SDKs do the same (@anthropic-ai/sdk, lib/transform-json-schema).
 */
export function closedSchema(schema: JsonObject, limits: Limits): JsonObject {
  const written: Record<string, unknown> = {};
  const moved: string[] = [];
  for (const [name, value] of Object.entries(schema)) {
    if (limits.unsupported.includes(name)) moved.push(`${name}: ${JSON.stringify(value)}`);
    // a minimum of 0 or 1 items is accepted
    else if (name === 'minItems' && limits.closed && typeof value === 'number' && value > 1) moved.push(`${name}: ${value}`);
    else if (BY_NAME.has(name) && isObject(value)) {
      written[name] = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, nested(one, limits)]));
    } else if (NESTED.has(name))
      written[name] = Array.isArray(value) ? value.map((one) => nested(one, limits)) : nested(value, limits);
    else written[name] = value;
  }
  if (limits.closed && (schema['type'] === 'object' || isObject(schema['properties']))) written['additionalProperties'] = false;
  if (moved.length === 0) return written;
  const { description } = written;
  const note = `{${moved.join(', ')}}`;
  return { ...written, description: typeof description === 'string' ? `${description}\n\n${note}` : note };
}

const nested = (value: unknown, limits: Limits): unknown => (isObject(value) ? closedSchema(value, limits) : value);
