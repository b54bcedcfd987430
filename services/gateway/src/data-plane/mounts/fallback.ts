import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorTexts, LlmError } from '@sluice/core';
import type { Request } from 'express';
import type { ReadinessProbe } from '../../health/readiness.ts';
import { VERSION } from '../../version.ts';
import type { Answer } from '../answering.ts';
import { dialectOf } from '../route-match.ts';
import { unknownRoute } from '../unknown-route.ts';
import { type RouteContext, sendJson, sendText } from './route-context.ts';

/** File in the repository that documents the routes. */
const DOCS = 'docs/api.md';

/** Mounts the probes, the start page, and the answers to unknown and undecodable paths. Mounted last. */
export function mountFallback({ app, answer }: RouteContext, readiness: ReadinessProbe): void {
  app.get('/', (_request, response) => sendJson(response, { name: 'sluice', version: VERSION, docs: DOCS }));
  app.get('/livez', (_request, response) => sendText(response, 200, 'ok'));
  app.get('/readyz', (_request, response) => {
    const { ready, text } = readiness.get();
    sendText(response, ready ? 200 : 503, text);
  });
  app.use((request, response) =>
    answer(request, response, { operation: 'unknown', dialect: dialectOf(request), route: 'unknown' }, () => {
      throw unknownRoute(request, request.path);
    }),
  );
  // Express itself throws a URIError for a path that it cannot decode; any other error here is a fault of the gateway
  app.use((error: unknown, request: Request, response: ServerResponse, _next: unknown) =>
    answerFault(answer, request, response, error),
  );
}

/** Answers a request whose route has thrown an error. */
export function answerFault(answer: Answer, request: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
  return answer(request, response, { operation: 'unknown', dialect: dialectOf(request), route: 'unknown' }, () => {
    if (!(error instanceof URIError)) throw error;
    throw new LlmError('invalid_request', errorTexts.pathNotEncoded, { cause: error });
  });
}
