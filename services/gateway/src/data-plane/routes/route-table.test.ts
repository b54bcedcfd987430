import { describe, expect, it } from '@jest/globals';
import { matchRoute, methodsOf, OTHER_ROUTES, refusedRoute } from './route-table.ts';

const found = (method: string, path: string, api?: 'openai' | 'anthropic' | 'gemini') => {
  const match = matchRoute(method, path, api);
  return match === undefined ? undefined : `${match.route.api} ${match.route.path}`;
};

describe('route table', () => {
  it('contains each route once, and finds it by its own path', () => {
    const labels = OTHER_ROUTES.map(({ api, method, path }) => `${api} ${method} ${path}`);
    expect(new Set(labels).size).toBe(labels.length);
    for (const { api, method, path } of OTHER_ROUTES) {
      const example = path.replace('{model}', 'a/b').replace(/\{\w+\}/g, 'x-1');
      expect(found(method, example, api === 'rerank' ? undefined : api)).toBe(`${api} ${path}`);
    }
  });

  it.each([
    ['POST', '/v1/files', undefined, 'openai /v1/files'],
    ['POST', '/v1/files', 'anthropic', 'anthropic /v1/files'],
    // Gemini's files have their own path
    ['POST', '/v1/files', 'gemini', undefined],
    ['POST', '/v1beta/files', undefined, 'gemini /v1beta/files'],
    ['POST', '/v1/images/edits', 'anthropic', undefined],
    ['POST', '/v1/messages/batches', undefined, 'anthropic /v1/messages/batches'],
    ['POST', '/v1/rerank', 'anthropic', 'rerank /v1/rerank'],
    ['POST', '/v1beta/models/a%2Fb:batchGenerateContent', undefined, 'gemini /v1beta/models/{model}:batchGenerateContent'],
    ['GET', '/v1beta/files/a:download', undefined, 'gemini /v1beta/files/{id}:download'],
    ['GET', '/v1beta/files/a:other', undefined, undefined],
    ['GET', '/v1beta/files/a%2Fb', undefined, undefined],
    ['GET', '/v1/files/a/b', undefined, undefined],
    ['GET', '/v1/files/', undefined, undefined],
    ['PATCH', '/v1/files', undefined, undefined],
  ] as const)('matches %s %s from a client of %s to %s', (method, path, api, expected) => {
    expect(found(method, path, api)).toBe(expected);
  });

  it('reads the model and the ids of a path', () => {
    expect(matchRoute('POST', '/v1beta/models/a%2Fb:batchGenerateContent', undefined)).toMatchObject({ model: 'a/b', ids: [] });
    expect(matchRoute('GET', '/v1/evals/e/runs/r', undefined)).toMatchObject({ model: undefined, ids: ['e', 'r'] });
  });

  it('returns the methods of a path', () => {
    expect(methodsOf('/v1/files')).toEqual(['GET', 'POST']);
    expect(methodsOf('/v1/nothing')).toEqual([]);
  });

  it.each([
    ['/v1/threads', 'Assistants'],
    ['/v1/threads/x/runs', 'Assistants'],
    ['/v1/organization/projects', 'Administration'],
    ['/v1beta/models/veo:predictLongRunning', ':generateContent'],
    ['/v1beta/tunedModels/x:generateContent', 'directly'],
  ])('suggests an alternative to %s', (path, text) => {
    expect(refusedRoute(path, undefined)?.instead).toContain(text);
  });

  it.each(['/v1/threadsafe', '/v1/files', '/v1/responses'])('does not refuse %s', (path) => {
    expect(refusedRoute(path, undefined)).toBeUndefined();
  });
});
