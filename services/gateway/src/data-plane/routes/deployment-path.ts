import { matchRoute, type RouteMatch } from './route-table.ts';

const DEPLOYMENT = /^\/openai\/deployments\/([^/]+)(\/(?:images|audio)\/.+)$/;

/** Returns the pass-through route of an Azure client's path that contains the model. */
export function matchDeployment(method: string, path: string): RouteMatch | undefined {
  const [, model, below] = DEPLOYMENT.exec(path) ?? [];
  const match = below === undefined ? undefined : matchRoute(method, `/v1${below}`, 'openai');
  return match === undefined || model === undefined ? undefined : { ...match, model: decodeURIComponent(model) };
}
