import { plainIssues } from '@sluice/config';
import type { z } from 'zod';
import { invalid } from './admin-error.ts';

/**
 * Validates request data and returns the schema's output.
 *
 * @throws AdminError 400 that names the field
 */
export function checked<Schema extends z.ZodType>(schema: Schema, given: unknown, whole = 'body'): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = plainIssues(parsed.error.issues);
  const path = issue?.path.join('.') ?? '';
  throw invalid(path === '' ? whole : path, issue?.message ?? 'is wrong');
}

/** Validates query parameters like `checked`. */
export const checkedQuery = <Schema extends z.ZodType>(schema: Schema, query: unknown): z.output<Schema> =>
  checked(schema, query, 'query');
