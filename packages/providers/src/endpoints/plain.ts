import type { Endpoint } from './endpoint.ts';

/** As the dialect itself has it. */
export const plain: Endpoint = {
  path: (asked, dialect) => dialect.path(asked),
  otherPath: (path) => path,
  body: (bytes) => bytes,
};
