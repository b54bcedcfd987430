import { errorTexts, LlmError } from '@sluice/core';
import { COMPACTION_PATH, CompactionForm } from '../compaction-form.ts';
import type { RouteMatch } from '../route-match.ts';
import { STORED_ROUTES, storedRequest } from '../stored-routes.ts';
import { jsonBody, type RouteContext } from './route-context.ts';

/** Mounts the routes of stored responses, conversations and compaction. */
export function mountResponses(context: RouteContext): void {
  const { app, answer, body } = context;
  app.post(COMPACTION_PATH, (request, response) => {
    const form = new CompactionForm();
    const asked = { operation: 'chat', dialect: 'openai-responses', route: `POST ${COMPACTION_PATH}` } as const;
    return answer(request, response, asked, async () => form.request(await jsonBody(context, request, response)), form);
  });
  // Codex tries a WebSocket first, and only this status makes it fall back to HTTP at once
  app.get('/v1/responses', (request, response, next) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return next();
    response.shouldKeepAlive = false;
    const asked: RouteMatch = { operation: 'unknown', dialect: 'openai-responses', route: 'GET /v1/responses' };
    return answer(request, response, asked, () => {
      throw new LlmError('upgrade_required', errorTexts.responsesNeedHttp);
    });
  });
  for (const { method, path, label } of STORED_ROUTES) {
    const asked: RouteMatch = { operation: 'stored', dialect: 'openai-responses', route: `${method} ${label}` };
    app[method.toLowerCase() as 'get' | 'post' | 'delete'](path, (request, response) =>
      answer(request, response, asked, async () => storedRequest(request, await body(request, response))),
    );
  }
}
