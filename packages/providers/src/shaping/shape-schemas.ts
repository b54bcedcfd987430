import { isObject, JSON_SENTENCE, type JsonObject, type NeutralRequest, type Tool } from '@sluice/dialects';
import type { SchemasProfile } from '../profiles/model-profile.ts';
import { closedSchema } from './closed-schema.ts';
import type { Shaping } from './shaping.ts';

const UNIONS = ['anyOf', 'oneOf', 'allOf'] as const;

/** Writes the schemas of tools and of the answer in a form that the model accepts. */
export function shapeSchemas(request: NeutralRequest, { profile: { schemas }, dropped }: Shaping): NeutralRequest {
  const { tools } = request;
  const shaped = tools === undefined ? request : { ...request, tools: tools.map((tool) => shapeTool(tool, schemas, dropped)) };
  const { format, ...rest } = shaped;
  if (format?.type !== 'schema') return shaped;
  const schema = limited(format.schema, schemas);
  if (schemas.answers === 'schema') return { ...rest, format: { ...format, schema } };
  const text = `${JSON_SENTENCE} The object is valid against this JSON schema: ${JSON.stringify(format.schema)}`;
  dropped.push('response_format');
  const instructed: NeutralRequest = {
    ...rest,
    messages: [{ role: 'system', parts: [{ type: 'text', text }] }, ...rest.messages],
  };
  return schemas.answers === 'json' ? { ...instructed, format: { type: 'json' } } : instructed;
}

const limited = (schema: JsonObject, { closed, unsupported }: SchemasProfile): JsonObject =>
  closed || unsupported.length > 0 ? closedSchema(schema, { closed, unsupported }) : schema;

/** Gives the schema of arguments the type `object`, and `properties`, which OpenAI requires. */
function shapeTool(tool: Tool, schemas: SchemasProfile, dropped: string[]): Tool {
  const joined = schemas.topLevelUnions ? tool.schema : withoutUnions(tool.schema, dropped);
  const isReference = joined['$ref'] !== undefined;
  const hasUnion = UNIONS.some((name) => joined[name] !== undefined);
  const schema = isReference || hasUnion ? joined : { type: 'object', properties: {}, ...joined };
  return { ...tool, schema: tool.strict === true ? limited(schema, schemas) : schema };
}

/**
 * Merges a union of objects into one object, with the properties of all of them. A property is required if all of them require
 * it.
 */
function withoutUnions(schema: JsonObject, dropped: string[]): JsonObject {
  const names = UNIONS.filter((name) => Array.isArray(schema[name]));
  if (names.length === 0) return schema;
  const { anyOf: _anyOf, oneOf: _oneOf, allOf: _allOf, ...rest } = schema;
  let properties: JsonObject = {};
  let required = listOf(schema['required']);
  for (const name of names) {
    dropped.push(`tools.${name}`);
    const branches = listOf(schema[name]).filter(isObject);
    for (const branch of branches) if (isObject(branch['properties'])) properties = { ...properties, ...branch['properties'] };
    const demands = branches.map((branch) => listOf(branch['required']));
    const common =
      name === 'allOf' ? demands.flat() : (demands[0] ?? []).filter((one) => demands.every((all) => all.includes(one)));
    required = [...new Set([...required, ...common])];
  }
  const own = isObject(schema['properties']) ? schema['properties'] : {};
  return { ...rest, type: 'object', properties: { ...properties, ...own }, ...(required.length === 0 ? {} : { required }) };
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
