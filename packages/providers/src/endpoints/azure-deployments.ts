import { modelSegment } from '@sluice/dialects';
import type { Endpoint, EndpointOptions } from './endpoint.ts';

/** The last version that was released before the API that needs none. */
const API_VERSION = '2024-10-21';

const below = (path: string, model: string, { apiVersion = API_VERSION }: EndpointOptions): string =>
  `/deployments/${modelSegment(model)}${path}?api-version=${encodeURIComponent(apiVersion)}`;

/** Azure's older API: a model is a deployment, and is in the address. */
export const azureDeployments: Endpoint = {
  path(asked, dialect, options) {
    const path = dialect.path(asked);
    return path === undefined ? undefined : below(path, asked.model, options);
  },
  otherPath: below,
  body: (bytes) => bytes,
};
