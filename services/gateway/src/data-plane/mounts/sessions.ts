import type { Realtime } from '../realtime/realtime.ts';
import { SESSION_ROUTES } from '../realtime/session-route.ts';
import type { RouteContext } from './route-context.ts';

/** Mounts the routes of realtime sessions. */
export function mountSessions({ app, answer }: RouteContext, realtime: Realtime): void {
  for (const route of SESSION_ROUTES) {
    app.get(route.pattern, (request, response) => {
      if (realtime.isEnabled && realtime.asksFor(request)) return realtime.serve(request, route);
      if (realtime.isEnabled) response.setHeader('upgrade', 'websocket');
      return answer(request, response, { operation: 'unknown', dialect: route.dialect, route: route.label }, () => {
        throw realtime.refusal(route);
      });
    });
  }
}
