import type { Endpoint } from './endpoint.ts';

/** Requests in the dialect's own form. */
export const plain: Endpoint = {
  path: (asked, dialect) => dialect.path(asked),
  otherPath: (path) => path,
  body: (bytes) => bytes,
};
