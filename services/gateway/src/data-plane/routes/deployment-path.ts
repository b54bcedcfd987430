import { matchRoute, type RouteMatch } from './route-table.ts';

const DEPLOYMENT = /^\/openai\/deployments\/([^/]+)(\/(?:images|audio)\/.+)$/;

/** Returns the route of an Azure client's path with the model in it, where it is one that passes to a provider. */
export function matchDeployment(method: string, path: string): RouteMatch | undefined {
  const [, model, below] = DEPLOYMENT.exec(path) ?? [];
  const match = below === undefined ? undefined : matchRoute(method, `/v1${below}`, 'openai');
  return match === undefined || model === undefined ? undefined : { ...match, model: decodeURIComponent(model) };
}
