import type { Endpoint } from './endpoint.ts';

/** Requests in the dialect's own form. */
export const plain: Endpoint = {
  path: (info, dialect) => dialect.path(info),
  otherPath: (path) => path,
  body: (bytes) => bytes,
};
