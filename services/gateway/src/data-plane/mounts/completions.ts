import { GeminiRequest } from '@sluice/dialects';
import { COMPLETION_ROUTES } from '../completion-routes.ts';
import { withModel } from '../deployment-request.ts';
import { geminiRoute } from '../gemini-routes.ts';
import { OLLAMA_ROUTES, OllamaExchange } from '../ollama-routes.ts';
import type { RouteMatch } from '../route-match.ts';
import { type DirectRoute, jsonBody, type RouteContext } from './route-context.ts';

/** Mounts the routes of OpenAI's, Anthropic's, Gemini's and Ollama's completions and embeddings. */
export function mountCompletions(context: RouteContext): void {
  const { app, answer, direct } = context;
  for (const { path, operation, dialect, message } of COMPLETION_ROUTES) {
    const asked = { operation, dialect, route: `POST ${path}` };
    const route: DirectRoute = (request, response) =>
      answer(request, response, asked, () => jsonBody(context, request, response).then(message));
    direct.set(path, route);
    app.post(path, route);
    if (dialect !== 'openai-chat') continue;
    // Azure's clients send the model in the path; a key's `routes` name the same route
    app.post(path.replace('/v1/', '/openai/deployments/:model/'), (request, response) =>
      answer(request, response, asked, async () =>
        message(withModel(await jsonBody(context, request, response), request.params['model'] as string)),
      ),
    );
  }
  mountGemini(context);
  mountOllama(context);
}

function mountGemini(context: RouteContext): void {
  const { app, answer } = context;
  // some clients omit `models/` before a name with a slash
  for (const path of ['/v1/models/*rest', '/v1beta/models/*rest', '/v1beta/*rest']) {
    app.post(path, (request, response, next) => {
      const rest = (request.params['rest'] as unknown as string[]).join('/');
      const { address, route } = geminiRoute(rest, request) ?? {};
      if (address === undefined || route === undefined) {
        next();
        return;
      }
      const asked = { operation: address.operation, dialect: 'gemini', route } as const;
      return answer(request, response, asked, async () => new GeminiRequest(address, await jsonBody(context, request, response)));
    });
  }
}

function mountOllama({ app, answer, body }: RouteContext): void {
  for (const route of OLLAMA_ROUTES) {
    const { path, operation } = route;
    app.post(path, (request, response) => {
      const exchange = new OllamaExchange(route);
      const asked: RouteMatch = { operation, dialect: 'openai-chat', route: `POST ${path}` };
      // curl sends Ollama's own examples as a form, so the content type is not checked
      return answer(request, response, asked, async () => exchange.request(await body(request, response)), exchange);
    });
  }
}
