import type { Credentials } from './credentials.ts';

/** Returns credentials with the same headers for every request: a key, or no headers. */
export const fixedHeaders = (headers: readonly string[]): Credentials => ({ headers: () => headers });
