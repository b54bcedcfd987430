import { z } from 'zod';

type Schema = Readonly<Record<string, unknown>>;

/** Returns the JSON Schema of request data as a client sends it, or of a response. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Schema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

const text = { type: 'string' };

const problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  field: z.string().optional(),
});

const error = {
  description: 'An error',
  content: { 'application/problem+json': { schema: schemaOf(problem, 'output') } },
};

/** Returns the error responses of an operation: those of all operations, and others. */
export const refusals = (...statuses: readonly number[]) =>
  Object.fromEntries([401, 403, 429, 503, ...statuses].map((status) => [status, error]));

/** Returns a response with a JSON body; any body without a schema. */
export const json = (description: string, schema?: z.ZodType) => ({
  description,
  content: { 'application/json': { schema: schema === undefined ? {} : schemaOf(schema, 'output') } },
});

export const csv = { 'text/csv': { schema: text } };

/** Returns a response with a record and its entity tag. */
export const versioned = (description: string, schema: z.ZodType) => ({
  ...json(description, schema),
  headers: { ETag: { description: "The record's version", schema: text } },
});

/** Returns a response without a body. */
export const done = (description: string) => ({ 204: { description } });

export const bodyOf = (schema: z.ZodType, required = true) => ({
  requestBody: { required, content: { 'application/json': { schema: schemaOf(schema, 'input') } } },
});

/** Returns the query parameters of a schema. */
export function queryOf(schema: z.ZodType): { readonly parameters: readonly object[] } {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' });
  return { parameters: Object.entries(properties).map(([name, part]) => ({ name, in: 'query', schema: part })) };
}

export const inPath = (name: string) => [{ name, in: 'path', required: true, schema: text }];

/** Parameter that restricts a change to one version of the record. */
export const ifMatch = {
  parameters: [{ name: 'If-Match', in: 'header', schema: text, description: 'Version that the change applies to' }],
};
