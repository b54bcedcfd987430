import { VERSION } from '../../version.ts';
import { TAGS } from '../ollama-routes.ts';
import { dialectOf, type RouteMatch } from '../route-match.ts';
import { modelQuestion, type RouteContext, sendJson } from './route-context.ts';

/** Mounts the model lists of OpenAI's, Anthropic's, Gemini's and Ollama's APIs. */
export function mountModels({ app, answer }: RouteContext): void {
  for (const version of ['/v1', '/v1beta']) {
    app.get(`${version}/models`, (request, response) => {
      const asked = { operation: 'models', dialect: dialectOf(request), route: `GET ${version}/models` } as const;
      return answer(request, response, asked, () => modelQuestion(''));
    });
    app.get(`${version}/models/*id`, (request, response) => {
      const id = (request.params['id'] as unknown as string[]).join('/');
      const asked = { operation: 'models', dialect: dialectOf(request), route: `GET ${version}/models/{id}` } as const;
      return answer(request, response, asked, () => modelQuestion(id));
    });
  }
  app.get('/api/tags', (request, response) => {
    const asked: RouteMatch = { operation: 'models', dialect: 'openai-chat', route: 'GET /api/tags' };
    return answer(request, response, asked, () => modelQuestion(''), TAGS);
  });
  app.get('/api/version', (_request, response) => sendJson(response, { version: VERSION }));
}
