import type { z } from 'zod';
import { AdminError } from './admin-error.ts';

/**
 * What a request says, as its schema has it.
 *
 * @throws AdminError 400, which names the field
 */
export function checked<Schema extends z.ZodType>(schema: Schema, given: unknown, whole = 'body'): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new AdminError(400, 'invalid_request', `${field === '' ? whole : field}: ${issue?.message}`);
}

/** The same of what stands behind `?`. */
export const checkedQuery = <Schema extends z.ZodType>(schema: Schema, query: unknown): z.output<Schema> =>
  checked(schema, query, 'query');
