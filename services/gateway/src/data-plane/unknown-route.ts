import type { IncomingMessage } from 'node:http';
import { errorTexts, LlmError } from '@sluice/core';
import { COMPLETION_ROUTES } from './completion-routes.ts';
import { geminiRoute } from './gemini-routes.ts';
import { OLLAMA_ROUTES } from './ollama-routes.ts';
import { SESSION_ROUTES } from './realtime/session-route.ts';
import { apiOf } from './routes/api-of.ts';
import { methodsOf, refusedRoute } from './routes/route-table.ts';
import { suggestedPath } from './suggested-path.ts';

/** Methods of the routes that the gateway serves itself. */
const OWN_METHODS = new Map<string, readonly string[]>([
  ...COMPLETION_ROUTES.map(({ path }) => [path, ['POST']] as const),
  ...OLLAMA_ROUTES.map(({ path }) => [path, ['POST']] as const),
  ...SESSION_ROUTES.map(({ path }) => [path, ['GET']] as const),
  ...['/', '/v1/models', '/v1beta/models', '/api/tags', '/api/version', '/livez', '/readyz'].map(
    (path) => [path, ['GET']] as const,
  ),
]);

/** Returns the error for a request that matches no route, with a suggestion if possible. */
export function unknownRoute(request: IncomingMessage, path: string): LlmError {
  const { method = '' } = request;
  const methods: readonly string[] = OWN_METHODS.get(path) ?? methodsOf(path);
  if (methods.length > 0 && !methods.includes(method)) {
    return new LlmError('method_not_allowed', errorTexts.methodNotAllowed(path, method, methods));
  }
  if (methods.length > 0) {
    return new LlmError('not_found', errorTexts.otherApi(method, path));
  }
  const refused = refusedRoute(path, apiOf(request));
  if (refused !== undefined) return new LlmError('not_found', errorTexts.routeNotServed(refused.instead));
  const isKnown = (one: string): boolean =>
    one !== '/' && (OWN_METHODS.has(one) || methodsOf(one).length > 0 || isGeminiPath(one, request));
  return new LlmError('not_found', errorTexts.unknownRoute(suggestedPath(path, isKnown)));
}

function isGeminiPath(path: string, request: IncomingMessage): boolean {
  const [, rest] = /^\/v1(?:beta)?\/models\/(.+)$/.exec(path) ?? [];
  return rest !== undefined && geminiRoute(rest, request) !== undefined;
}
