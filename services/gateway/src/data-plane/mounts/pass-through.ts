import type { BodyLimits } from '../read-body.ts';
import type { RouteMatch } from '../route-match.ts';
import { apiOf } from '../routes/api-of.ts';
import { matchDeployment } from '../routes/deployment-path.ts';
import { otherRequest } from '../routes/other-request.ts';
import { DIALECT_OF } from '../routes/other-route.ts';
import { matchRoute } from '../routes/route-table.ts';
import type { RouteContext } from './route-context.ts';

/** Mounts the routes that pass to a provider unread. @param limits returns the current limits of bodies */
export function mountPassThrough({ app, answer, body }: RouteContext, limits: () => BodyLimits): void {
  app.use((request, response, next) => {
    const { method, path } = request;
    const match = matchRoute(method, path, apiOf(request)) ?? matchDeployment(method, path);
    if (match === undefined) {
      next();
      return;
    }
    const { route } = match;
    const asked: RouteMatch = { operation: 'other', dialect: DIALECT_OF[route.api], route: `${route.method} ${route.path}` };
    return answer(request, response, asked, () =>
      otherRequest(request, match, {
        hold: () => body(request, response),
        goOn: () => response.writeContinue(),
        timeoutMs: limits().bodyTimeout,
      }),
    );
  });
}
