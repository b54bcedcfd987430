import type { Credentials } from './credentials.ts';

/** The same headers for every request: a key, or none. */
export const fixedHeaders = (headers: readonly string[]): Credentials => ({ headers: () => headers });
