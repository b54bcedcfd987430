import { modelSegment } from '@sluice/dialects';
import type { Endpoint, EndpointOptions } from './endpoint.ts';

/** The last released version before the API without versions. */
const API_VERSION = '2024-10-21';

const below = (path: string, model: string, { apiVersion = API_VERSION }: EndpointOptions): string =>
  `/deployments/${modelSegment(model)}${path}?api-version=${encodeURIComponent(apiVersion)}`;

/** Azure's older API: each model is a deployment, with its name in the path. */
export const azureDeployments: Endpoint = {
  path(info, dialect, options) {
    const path = dialect.path(info);
    return path === undefined ? undefined : below(path, info.model, options);
  },
  otherPath: below,
  body: (bytes) => bytes,
};
